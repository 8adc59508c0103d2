import { readChainEnds } from '../../console/audit/chain-end-file.ts';
import { AuditKey } from '../../console/audit/key.ts';
import { auditKeyFile, readKeyFile } from '../../console/audit/key-file.ts';
import { consoleSettings } from '../../console/config.ts';
import { ChainCheck, type ChainsChecked } from '../../console/audit/chain-check.ts';
import { type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { adapterOf } from '../choice.ts';
import type { Config } from '../configuration.ts';

const CHECK = 'audit trail';

/** Checks the hash chains of the audit trail, as far as they can be seen from here. Never rejects. */
export async function auditTrail({ values, isSet }: Pick<Config, 'values' | 'isSet'>): Promise<readonly Finding[]> {
  const { records } = adapterOf('log', isSet);
  if (!records) return [];
  const dataDir = values.get(processSettings.dataDir);
  const keys = values.get(consoleSettings.auditSecrets).map(({ secret }) => new AuditKey(secret));
  const inFile = await keysIn(auditKeyFile(dataDir));
  try {
    const chains = new ChainCheck(await readChainEnds(dataDir), [...keys, ...inFile.keys]);
    const read = await records(values, 'AUDIT', (record) => chains.add(record));
    return [...inFile.findings, ...findingsOf(chains.result(read))];
  } catch (error) {
    return [
      ...inFile.findings,
      wrong(CHECK, `cannot be read: ${reasonOf(error)}`, 'run this as a user that may read it: it was not checked'),
    ];
  }
}

async function keysIn(file: string): Promise<{ readonly keys: readonly AuditKey[]; readonly findings: readonly Finding[] }> {
  try {
    const key = await readKeyFile(file);
    return { keys: key ? [key] : [], findings: [] };
  } catch (error) {
    const advice =
      'restore it, or move it away: the console makes another one when it starts, and older rows can then only be checked by their hashes';
    return { keys: [], findings: [wrong(CHECK, `its key ${file} cannot be used: ${reasonOf(error)}`, advice)] };
  }
}

const signedOf = (rows: number, signed: number): string => (signed === rows ? 'all are' : signed === 0 ? 'none is' : `${signed} are`);

function findingsOf({ rows, chains, signed, newest, problems, more, unseen }: ChainsChecked): Finding[] {
  const advice = 'find out who could change it; docs/security.md, Audit trail, says what else can be the cause';
  const found = problems.map((problem) => wrong(CHECK, problem, advice));
  if (more > 0) found.push(wrong(CHECK, `${more} more faults of this kind`, advice));
  const notSeen = unseen.length === 0 ? '' : `; not to be seen from here: ${unseen.join('; ')}`;
  if (newest === undefined) return [...found, ...(found.length > 0 ? [] : [fine(CHECK, `is empty${notSeen}`)])];
  const counted = `${rows.toLocaleString('en')} rows in ${chains === 1 ? 'one chain' : `${chains} chains`}, the newest of ${new Date(newest).toISOString()}`;
  return [
    ...found,
    fine(
      CHECK,
      found.length > 0
        ? `${counted}${notSeen}`
        : `${counted}: none was changed or is missing; ${signedOf(rows, signed)} signed with a key that is here${notSeen}`,
    ),
  ];
}
