/**
 * Fills an embedded store until it is killed, and prints each number that was acknowledged. Number n is first a record of ENTRY; once that is acknowledged,
 * a row of the tree says n, as an archive does. Beside it go others: small ones, and some that are too large for the journal.
 */
import { openEmbeddedLog } from '../../message-log/embedded/log.ts';
import { openStore } from '../../message-log/embedded/store.ts';
import { oneRecord } from '../../message-log/one-record.ts';
import { systemClock } from '../../runtime/clock.ts';
import { quietLogOptions } from './quiet-log.ts';

const LARGE = 300 * 1024;

const [dataDir = ''] = process.argv.slice(2);
const store = await openStore(dataDir);
const shown = store.root.openDB<number, string>({ name: 'alarms' });
const log = await openEmbeddedLog(store, quietLogOptions());
process.stdout.write('ready\n');

async function count(): Promise<never> {
  for (let n = 0; ; n += 1) {
    await log.append('ENTRY', oneRecord(n, `${n}`.padEnd(n % 40 === 39 ? LARGE : 200)), systemClock());
    await store.write(() => void shown.put('newest', n));
    process.stdout.write(`${n}\n`);
  }
}
async function load(size: number): Promise<never> {
  for (let n = 0; ; n += 1) await log.append('OK', oneRecord(n % 1_000, ' '.repeat(size)), systemClock());
}
await Promise.all([count(), load(500), load(5_000), load(20_000)]);
