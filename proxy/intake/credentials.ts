/** The credentials of senders: a key per sensor, derived from the master secret, or a gateway's token. */
import { createHmac } from 'node:crypto';
import { SECRET_LENGTH_MIN } from '../../runtime/versioned-secrets.ts';

/** 160 bits of the HMAC: impossible to guess, yet short enough to type into a device. */
const MAC_BYTES = 20;

/** A sensor's key: its id and the HMAC of its id, so that it is checked without a look-up and yields no other sensor's key. */
export function sensorKey(masterSecret: string, id: number): string {
  return `${id}.${createHmac('sha256', masterSecret).update(`tocsin sensor ${id}`).digest().subarray(0, MAC_BYTES).toString('base64url')}`;
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
