/** The credentials of senders: a key per sensor, derived from the master secret, or a gateway's token. */
import { createHmac } from 'node:crypto';

/** Shorter secrets could be guessed. */
export const SECRET_LENGTH_MIN = 16;

/** 160 bits of the HMAC: impossible to guess, yet short enough to type into a device. */
const MAC_BYTES = 20;

/** A sensor's key: its id and the HMAC of its id, so that it is checked without a look-up and yields no other sensor's key. */
export function sensorKey(masterSecret: string, id: number): string {
  return `${id}.${createHmac('sha256', masterSecret).update(`tocsin sensor ${id}`).digest().subarray(0, MAC_BYTES).toString('base64url')}`;
}

/** A secret that sensors' keys are derived from. During a change of secrets, several versions are valid at once. */
export interface MasterSecret {
  readonly version: number;
  readonly secret: string;
}

/** A change needs two; each further version makes rejecting a wrong key more expensive. */
const VERSIONS_MAX = 3;

/**
 * Reads one secret, which is version 1, or `v2:SECRET,v1:SECRET`, the current one first. `problem` says what is wrong with the text, if anything, without
 * repeating a secret.
 */
export function parseMasterSecrets(text: string): { readonly secrets: readonly MasterSecret[]; readonly problem?: string } {
  // Secrets may contain commas: only a comma before a version ends a secret.
  const secrets = text.split(/,\s*(?=v\d+:)/).map((part): MasterSecret => {
    const [, version, secret] = /^v(\d{1,6}):(.*)$/s.exec(part.trim()) ?? [];
    return version === undefined || secret === undefined ? { version: 1, secret: part } : { version: Number(version), secret };
  });
  if (secrets.some(({ secret }) => secret.length < SECRET_LENGTH_MIN))
    return { secrets, problem: `must have at least ${SECRET_LENGTH_MIN} characters` };
  if (new Set(secrets.map(({ version }) => version)).size < secrets.length) return { secrets, problem: 'names a version twice' };
  if (secrets.length > VERSIONS_MAX) return { secrets, problem: `has more than ${VERSIONS_MAX} versions` };
  return { secrets };
}

/** The id in a key that has not been checked; undefined if it is not a key. */
export function claimedSensor(key: string): number | undefined {
  const id = /^(0|[1-9]\d{0,9})\./.exec(key)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** Compares in a time that depends only on the lengths. Not timingSafeEqual, which needs buffers and takes six times as long: this runs for every request. */
export function sameSecret(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** Reads `name:token,name:token`. Returns tokens by gateway name, and what is wrong with the text, if anything, without repeating a token. */
export function parseGatewayTokens(text: string): { readonly tokens: ReadonlyMap<string, string>; readonly problem?: string } {
  const tokens = new Map<string, string>();
  for (const entry of text.split(',').filter((part) => part.trim() !== '')) {
    const match = /^\s*([\w.-]{1,64}):(\S+)\s*$/.exec(entry);
    if (!match?.[1] || !match[2]) return { tokens, problem: 'must be name:token, separated by commas' };
    const [, name, token] = match;
    if (token.length < SECRET_LENGTH_MIN)
      return { tokens, problem: `the token of ${name} must have at least ${SECRET_LENGTH_MIN} characters` };
    if (tokens.has(name)) return { tokens, problem: `${name} is named twice` };
    tokens.set(name, token);
  }
  return { tokens };
}
