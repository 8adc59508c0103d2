import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../runtime/clock.ts';
import { claimedSensor, type MasterSecret, sameSecret, sensorKey } from './credentials.ts';
import { SIGNATURE_HEADER, type Signature, signatureIn, signatureMac } from './signature.ts';

/** The sender of a request: a sensor, which may send only for itself, or anybody else, who may send for any sensor. */
export interface Sender {
  /** The only sensor for which it may send; undefined: any. */
  readonly sensor: number | undefined;
  readonly gateway: string | undefined;
  /** Whether it has proven itself, which a signature does only with the whole body; none: it has, by its headers. Undefined for nearly all. */
  readonly proves: ((path: string, body: Uint8Array) => boolean) | undefined;
}

const ANYONE: Sender = { sensor: undefined, gateway: undefined, proves: undefined };

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
  readonly clock: Clock;
  /** How far the time of a signature may be from ours. */
  readonly signedWithinMs: number;
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
    if (credential === undefined) return this.#signer(request);
    const socket: ProvenSocket = request.socket;
    const proven = socket[PROVEN];
    // Constant time here too: behind a load balancer, one connection has many senders.
    if (proven !== undefined && sameSecret(proven.credential, credential)) return proven;
    const sender = this.#check(credential);
    if (sender !== undefined) socket[PROVEN] = sender;
    return sender;
  }

  /** Who has signed, to be proven by the body. Undefined: nobody, or not now. */
  #signer({ headers }: IncomingMessage): Sender | undefined {
    const header = headers[SIGNATURE_HEADER];
    const signature = typeof header === 'string' ? signatureIn(header) : undefined;
    if (signature === undefined) return undefined;
    const { clock, gateways, masterSecrets, signedWithinMs } = this.#settings;
    if (Math.abs(Number(signature.time) * 1_000 - clock()) > signedWithinMs) return undefined;
    const sensor = masterSecrets.length > 0 && /^(?:0|[1-9]\d{0,9})$/.test(signature.who) ? Number(signature.who) : undefined;
    if (sensor !== undefined)
      return {
        sensor,
        gateway: undefined,
        proves: (path, body) => this.#isOf(sensor, (key) => isSigned(signature, key, path, body)),
      };
    const token = gateways.get(signature.who);
    if (token === undefined) return undefined;
    return { sensor: undefined, gateway: signature.who, proves: (path, body) => isSigned(signature, token, path, body) };
  }

  #check(credential: string): Proven | undefined {
    const { gateways, masterSecrets } = this.#settings;
    const sensor = masterSecrets.length === 0 ? undefined : claimedSensor(credential);
    if (sensor !== undefined && this.#hasKey(sensor, credential)) return { sensor, gateway: undefined, proves: undefined, credential };
    let gateway: string | undefined;
    for (const [name, token] of gateways) if (sameSecret(token, credential)) gateway = name;
    return gateway === undefined ? undefined : { sensor: undefined, gateway, proves: undefined, credential };
  }

  #hasKey(sensor: number, key: string): boolean {
    return this.#isOf(sensor, (right) => sameSecret(right, key));
  }

  /** Whether `fits` says so of the sensor's key, of any version. */
  #isOf(sensor: number, fits: (key: string) => boolean): boolean {
    if (this.#settings.revoked.has(sensor)) {
      this.revokedRequests += 1;
      return false;
    }
    for (const { version, secret } of this.#settings.masterSecrets) {
      if (!fits(sensorKey(secret, sensor))) continue;
      this.keysOfVersions.set(version, (this.keysOfVersions.get(version) ?? 0) + 1);
      return true;
    }
    return false;
  }
}

function isSigned({ mac, time }: Signature, key: string, path: string, body: Uint8Array): boolean {
  return sameSecret(signatureMac(key, time, path, body), mac);
}

function credentialOf(request: IncomingMessage): string | undefined {
  const key = request.headers['x-tocsin-key'];
  if (typeof key === 'string') return key;
  const bearer = request.headers.authorization;
  return bearer !== undefined && /^bearer /i.test(bearer) ? bearer.slice(7).trim() : undefined;
}
