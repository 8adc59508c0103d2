import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** 32 MiB and about 0.1 s for each guess, as OWASP recommends for scrypt. */
const COST = { N: 2 ** 15, r: 8, p: 1 } as const;
const MEMORY_MAX = 64 * 1024 ** 2;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** Format of a hash: `scrypt$N$r$p$salt$key`, salt and key in base64url. */
export const PASSWORD_HASH = /^scrypt\$(\d{4,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/;

export const PASSWORD_LENGTH = { min: 12, max: 256 } as const;

/** Hashes a password with a new salt. */
export async function hashOf(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Whether the password matches the hash; false if the hash is malformed. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [, N = '', r = '', p = '', salt = '', key = ''] = PASSWORD_HASH.exec(hash) ?? [];
  if (key === '') return false;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const given = await derive(password, Buffer.from(salt, 'base64url'), cost).catch(() => Buffer.alloc(KEY_BYTES));
  return timingSafeEqual(given, Buffer.from(key, 'base64url'));
}

/** Unicode forms of the same password (NFKC) count as the same, since keyboards differ. */
function derive(password: string, salt: Buffer, cost: { N: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, { ...cost, maxmem: MEMORY_MAX }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
