/** Appends to an embedded log until it is killed, and prints what was acknowledged: `<offset> <number>` per record. */
import { openEmbeddedLog } from '../../message-log/embedded/log.ts';
import { openStore } from '../../message-log/embedded/store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { oneRecord } from '../../message-log/one-record.ts';
import { quietLogOptions } from './quiet-log.ts';

const [dataDir = '', first = '0'] = process.argv.slice(2);
const store = await openStore(dataDir);
const log = await openEmbeddedLog(store, quietLogOptions());
let next = Number(first);
process.stdout.write('ready\n');

async function write(): Promise<never> {
  for (;;) {
    const number = next;
    next += 1;
    const { offset } = await log.append('ENTRY', oneRecord(number, `${number}`.padEnd(100 + (number % 50) * 100)), systemClock());
    process.stdout.write(`${offset} ${number}\n`);
  }
}
await Promise.all(Array.from({ length: 32 }, write));
