import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../runtime/clock.ts';
import type { VersionedSecret } from '../../runtime/versioned-secrets.ts';
import { claimedSensor, sameSecret, sensorKey } from './credentials.ts';
import { Nonces, type NonceState } from './nonces.ts';
import { SIGNATURE_HEADER, type Signature, signatureIn, signatureMac } from './signature.ts';

/** The sender of a request: a sensor, which may send only for itself, or anybody else, who may send for any sensor. */
export interface Sender {
  /** The only sensor that it may send for; undefined: any. */
  readonly sensor: number | undefined;
  readonly gateway: string | undefined;
  /** Only for signed requests, whose sender is proven by the whole body: whether it is. Undefined: the headers have proven it. */
  readonly proves: ((path: string, body: Uint8Array) => boolean) | undefined;
  /** Only for signed requests with a nonce: to be asked once the sender is proven. */
  readonly once?: Once | undefined;
}

/** Lets each request with the same nonce be accepted once. */
export interface Once {
  /** Whether this is the first one. */
  begin(): NonceState;
  /** After `begin` has said `new`: whether the request was accepted. */
  end(taken: boolean): void;
}

const ANYONE: Sender = { sensor: undefined, gateway: undefined, proves: undefined };

/** The last valid credential of a connection, so that a sensor's HMAC is computed once per connection. */
interface Proven extends Sender {
  readonly credential: string;
}

const PROVEN = Symbol('proven');
type ProvenSocket = Socket & { [PROVEN]?: Proven };

export interface AuthenticationSettings {
  /** False: anyone may send for any sensor. */
  readonly required: boolean;
  /** The current version first. */
  readonly masterSecrets: readonly VersionedSecret[];
  /** Tokens by the names of gateways. */
  readonly gateways: ReadonlyMap<string, string>;
  /** Sensors whose keys are revoked. */
  readonly revoked: ReadonlySet<number>;
  readonly clock: Clock;
  /** How far a signature's time may differ from ours. */
  readonly signedWithinMs: number;
  /** Whether a signature without a nonce is refused. */
  readonly nonceRequired: boolean;
}

export class Authentication {
  readonly required: boolean;
  readonly #settings: AuthenticationSettings;
  /** How often a key of each version of the master secret was valid, counted once per connection. */
  readonly keysOfVersions: Map<number, number>;
  readonly nonces: Nonces;
  /** Number of requests with the key of a revoked sensor, valid or not. */
  revokedRequests = 0;

  constructor(settings: AuthenticationSettings) {
    this.required = settings.required;
    this.#settings = settings;
    this.nonces = new Nonces(settings.signedWithinMs, settings.clock);
    this.keysOfVersions = new Map(settings.masterSecrets.map(({ version }) => [version, 0]));
  }

  /** The sender of a request according to its headers alone; undefined: its credential is missing or wrong. */
  senderOf(request: IncomingMessage): Sender | undefined {
    if (!this.required) return ANYONE;
    const credential = credentialOf(request);
    if (credential === undefined) return this.#signer(request);
    const socket: ProvenSocket = request.socket;
    const proven = socket[PROVEN];
    // Constant time here too: behind a load balancer, one connection carries many senders.
    if (proven !== undefined && sameSecret(proven.credential, credential)) return proven;
    const sender = this.#check(credential);
    if (sender !== undefined) socket[PROVEN] = sender;
    return sender;
  }

  /** The sensor that signed the request, still to be proven by the body. Undefined: unsigned, or its time is too far off. */
  #signer({ headers }: IncomingMessage): Sender | undefined {
    const header = headers[SIGNATURE_HEADER];
    const signature = typeof header === 'string' ? signatureIn(header) : undefined;
    if (signature === undefined) return undefined;
    const { clock, gateways, masterSecrets, signedWithinMs, nonceRequired } = this.#settings;
    if (nonceRequired && signature.nonce === undefined) return undefined;
    if (Math.abs(Number(signature.time) * 1_000 - clock()) > signedWithinMs) return undefined;
    const sensor = masterSecrets.length > 0 && /^(?:0|[1-9]\d{0,9})$/.test(signature.who) ? Number(signature.who) : undefined;
    const once = this.#onceOf(signature);
    if (sensor !== undefined)
      return {
        once,
        sensor,
        gateway: undefined,
        proves: (path, body) => this.#isOf(sensor, (key) => isSigned(signature, key, path, body)),
      };
    const token = gateways.get(signature.who);
    if (token === undefined) return undefined;
    return { once, sensor: undefined, gateway: signature.who, proves: (path, body) => isSigned(signature, token, path, body) };
  }

  #onceOf({ who, nonce }: Signature): Once | undefined {
    if (nonce === undefined) return undefined;
    return { begin: () => this.nonces.begin(who, nonce), end: (taken) => this.nonces.end(who, nonce, taken) };
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

  /** Whether `fits` accepts the sensor's key of any version. */
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

function isSigned(signature: Signature, key: string, path: string, body: Uint8Array): boolean {
  return sameSecret(signatureMac(key, signature, path, body), signature.mac);
}

function credentialOf(request: IncomingMessage): string | undefined {
  const key = request.headers['x-tocsin-key'];
  if (typeof key === 'string') return key;
  const bearer = request.headers.authorization;
  return bearer !== undefined && /^bearer /i.test(bearer) ? bearer.slice(7).trim() : undefined;
}
