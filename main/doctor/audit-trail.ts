import { readChainEnds } from '../../console/audit/chain-end-file.ts';
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
  try {
    const chains = new ChainCheck(await readChainEnds(values.get(processSettings.dataDir)));
    const read = await records(values, 'AUDIT', (record) => chains.add(record));
    return findingsOf(chains.result(read));
  } catch (error) {
    return [wrong(CHECK, `cannot be read: ${reasonOf(error)}`, 'run this as a user that may read it: it was not checked')];
  }
}

function findingsOf({ rows, chains, newest, problems, more, unseen }: ChainsChecked): Finding[] {
  const advice = 'find out who could change it; docs/security.md, Audit trail, says what else can be the cause';
  const found = problems.map((problem) => wrong(CHECK, problem, advice));
  if (more > 0) found.push(wrong(CHECK, `${more} more faults of this kind`, advice));
  const notSeen = unseen.length === 0 ? '' : `; not to be seen from here: ${unseen.join('; ')}`;
  if (newest === undefined) return [...found, ...(found.length > 0 ? [] : [fine(CHECK, `is empty${notSeen}`)])];
  const counted = `${rows.toLocaleString('en')} rows in ${chains === 1 ? 'one chain' : `${chains} chains`}, the newest of ${new Date(newest).toISOString()}`;
  return [...found, fine(CHECK, found.length > 0 ? `${counted}${notSeen}` : `${counted}: none was changed or is missing${notSeen}`)];
}
