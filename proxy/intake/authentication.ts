import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { claimedSensor, sameSecret, sensorKey } from './credentials.ts';

/** The sender of a request: a sensor, which may send only for itself, or anybody else, who may send for any sensor. */
export interface Sender {
  /** The only sensor for which it may send; undefined: any. */
  readonly sensor: number | undefined;
  readonly gateway: string | undefined;
}

const ANYONE: Sender = { sensor: undefined, gateway: undefined };

/** The last valid credential of a connection, so that a sensor's HMAC is computed once per connection. */
interface Proven extends Sender {
  readonly credential: string;
}

const PROVEN = Symbol('proven');
type ProvenSocket = Socket & { [PROVEN]?: Proven };

/** If authentication is off, everybody may send for every sensor. */
export class Authentication {
  readonly required: boolean;
  readonly #masterSecret: string | undefined;
  readonly #gateways: ReadonlyMap<string, string>;

  constructor(required: boolean, masterSecret: string | undefined, gateways: ReadonlyMap<string, string>) {
    this.required = required;
    this.#masterSecret = masterSecret;
    this.#gateways = gateways;
  }

  /** The sender of a request, by its headers alone; undefined: its credential is missing or wrong. */
  senderOf(request: IncomingMessage): Sender | undefined {
    if (!this.required) return ANYONE;
    const credential = credentialOf(request);
    if (credential === undefined) return undefined;
    const socket: ProvenSocket = request.socket;
    const proven = socket[PROVEN];
    // Constant time here too: behind a load balancer, one connection has many senders.
    if (proven !== undefined && sameSecret(proven.credential, credential)) return proven;
    const sender = this.#check(credential);
    if (sender !== undefined) socket[PROVEN] = sender;
    return sender;
  }

  #check(credential: string): Proven | undefined {
    const sensor = this.#masterSecret === undefined ? undefined : claimedSensor(credential);
    if (sensor !== undefined && this.#masterSecret !== undefined && sameSecret(sensorKey(this.#masterSecret, sensor), credential))
      return { sensor, gateway: undefined, credential };
    let gateway: string | undefined;
    for (const [name, token] of this.#gateways) if (sameSecret(token, credential)) gateway = name;
    return gateway === undefined ? undefined : { sensor: undefined, gateway, credential };
  }
}

function credentialOf(request: IncomingMessage): string | undefined {
  const key = request.headers['x-tocsin-key'];
  if (typeof key === 'string') return key;
  const bearer = request.headers.authorization;
  return bearer !== undefined && /^bearer /i.test(bearer) ? bearer.slice(7).trim() : undefined;
}
