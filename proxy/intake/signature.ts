/** Proves a key without sending it: a header with the time and an HMAC over time, path and body, so that an intercepted request is useless later. */
import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'x-tocsin-signature';

export interface Signature {
  /** The sensor's id or the gateway's name. */
  readonly who: string;
  /** Epoch seconds, as sent. */
  readonly time: string;
  /** Different in every request; undefined: the sender doesn't use any. */
  readonly nonce: string | undefined;
  readonly mac: string;
}

/** Reads `WHO.SECONDS.NONCE.MAC` or `WHO.SECONDS.MAC`; undefined: not a signature. */
export function signatureIn(header: string): Signature | undefined {
  const [, who, time, nonce, mac] = /^([\w.-]{1,64})\.(\d{10})\.(?:([\w-]{16,32})\.)?([\w-]{43})$/.exec(header) ?? [];
  return who === undefined || time === undefined || mac === undefined ? undefined : { who, time, nonce, mac };
}

/** `key`: the whole key of the sensor, or the gateway's token. `path`: as requested, without the query. */
export function signatureMac(key: string, { time, nonce }: Pick<Signature, 'time' | 'nonce'>, path: string, body: Uint8Array): string {
  return createHmac('sha256', key)
    .update(nonce === undefined ? `${time}\n${path}\n` : `${time}\n${nonce}\n${path}\n`)
    .update(body)
    .digest('base64url');
}
