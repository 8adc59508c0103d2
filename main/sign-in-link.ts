import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logging.ts';

const FILE = 'sign-in-link';

/**
 * Shows a link that signs in, to whoever runs the process and nobody else: on the terminal, or in a file that only this user reads. A log that isn't a terminal is kept,
 * sent on and read by others.
 */
export function showSignInLink(url: string, { terminal, folder, logger }: { terminal: boolean; folder: string; logger: Logger }): void {
  if (terminal) {
    logger.info(`sign in at ${url}`);
    return;
  }
  const file = join(folder, FILE);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${url}\n`, { mode: 0o600 });
    // The mode above is for a file that wasn't there.
    chmodSync(file, 0o600);
    logger.info({ file }, 'a link that signs in once, for a quarter of an hour, is in a file');
  } catch (error) {
    logger.error({ file, reason: reasonOf(error) }, 'the link to sign in cannot be written: sign in with TOCSIN_API_TOKEN');
  }
}
