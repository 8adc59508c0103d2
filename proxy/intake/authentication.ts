import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { claimedSensor, type MasterSecret, sameSecret, sensorKey } from './credentials.ts';

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

export interface AuthenticationSettings {
  /** False: everybody may send for every sensor. */
  readonly required: boolean;
  /** The current one first. */
  readonly masterSecrets: readonly MasterSecret[];
  /** Tokens by the names of gateways. */
  readonly gateways: ReadonlyMap<string, string>;
  /** Sensors whose keys are void. */
  readonly revoked: ReadonlySet<number>;
}

export class Authentication {
  readonly required: boolean;
  readonly #settings: AuthenticationSettings;
  /** How often a key of each version of the master secret was right; once a connection. */
  readonly keysOfVersions: Map<number, number>;
  /** How many requests came with the key of a revoked sensor, whether it was right or not. */
  revokedRequests = 0;

  constructor(settings: AuthenticationSettings) {
    this.required = settings.required;
    this.#settings = settings;
    this.keysOfVersions = new Map(settings.masterSecrets.map(({ version }) => [version, 0]));
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
    const { gateways, masterSecrets } = this.#settings;
    const sensor = masterSecrets.length === 0 ? undefined : claimedSensor(credential);
    if (sensor !== undefined && this.#hasKey(sensor, credential)) return { sensor, gateway: undefined, credential };
    let gateway: string | undefined;
    for (const [name, token] of gateways) if (sameSecret(token, credential)) gateway = name;
    return gateway === undefined ? undefined : { sensor: undefined, gateway, credential };
  }

  #hasKey(sensor: number, key: string): boolean {
    if (this.#settings.revoked.has(sensor)) {
      this.revokedRequests += 1;
      return false;
    }
    for (const { version, secret } of this.#settings.masterSecrets) {
      if (!sameSecret(sensorKey(secret, sensor), key)) continue;
      this.keysOfVersions.set(version, (this.keysOfVersions.get(version) ?? 0) + 1);
      return true;
    }
    return false;
  }
}

function credentialOf(request: IncomingMessage): string | undefined {
  const key = request.headers['x-tocsin-key'];
  if (typeof key === 'string') return key;
  const bearer = request.headers.authorization;
  return bearer !== undefined && /^bearer /i.test(bearer) ? bearer.slice(7).trim() : undefined;
}
