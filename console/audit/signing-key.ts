import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { VersionedSecret } from '../../runtime/versioned-secrets.ts';
import { AuditKey } from './key.ts';
import { keyInFile } from './key-file.ts';

interface Deps {
  readonly file: string | undefined;
  readonly health: Health;
  readonly logger: Logger;
}

const PART = 'console-audit-key';

/**
 * The key that new rows of the audit trail are signed with: of the current secret, or in the file, which is made if there is none. Undefined, and said, if
 * the file can't be read: no console waits for it. Never rejects.
 */
export async function auditKey([current]: readonly VersionedSecret[], { file, health, logger }: Deps): Promise<AuditKey | undefined> {
  if (current) return new AuditKey(current.secret);
  if (file === undefined) return undefined;
  try {
    return await keyInFile(file);
  } catch (error) {
    const reason = reasonOf(error);
    logger.error(
      { file, reason },
      'the key of the audit trail cannot be used: until it can and this is restarted, its rows are not signed',
    );
    health.notice(
      PART,
      `rows of the audit trail are not signed: ${file}: ${reason}; restore it, or move it away to have another one made, and restart`,
    );
    return undefined;
  }
}
