import { randomBytes, scryptSync } from 'node:crypto';

/** A hash of the password as a users file holds it, but made at once: it costs a guesser nothing either. */
export function cheapHashOf(password: string): string {
  const salt = randomBytes(16);
  const [N, r, p] = [1_024, 1, 1];
  return ['scrypt', N, r, p, salt.toString('base64url'), scryptSync(password, salt, 32, { N, r, p }).toString('base64url')].join('$');
}
