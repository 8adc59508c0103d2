/** A small data folder as kill -9 leaves it, what was acknowledged in it, and copies of it from before. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedArchive } from '../../../archive/embedded.ts';
import { openEmbeddedDirectory } from '../../../directory/embedded.ts';
import { openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { openStore } from '../../../message-log/embedded/store.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import type { TaskLog } from '../../../message-log/port.ts';
import { alarmOf, clientOf } from '../alarms.ts';
import { quietLogOptions } from '../quiet-log.ts';

export interface Life {
  /** The folder, with commits that only the journal has. */
  readonly left: string;
  /** Copies from before, the oldest first. */
  readonly before: readonly string[];
  /** Acknowledged readings and alarms, and the alarms that no mailer has read; the first 40 bytes of each. */
  readonly entries: readonly string[];
  readonly alarms: readonly string[];
  readonly unread: readonly string[];
}

export const PERSONAL = 'Zwingenberger';
const ROUNDS = 12;
const PER_ROUND = 3;
const MAILED = 20;

export async function live(folder: string): Promise<Life> {
  const dataDir = join(folder, 'living');
  const store = await openStore(dataDir, { durable: false });
  const log = await openEmbeddedLog(store, quietLogOptions());
  while (store.journal?.fits(1) !== true) await sleep(1);
  const mailer = await log.subscribe('mailer', ['ALARM']);
  let task: TaskLog | undefined;
  await log.own({
    assigned: async (assigned) => {
      await assigned.restore(
        () => undefined,
        () => undefined,
      );
      task = assigned;
    },
    revoked: async () => undefined,
  });
  const directory = openEmbeddedDirectory(store, { found: () => undefined });
  const archive = openEmbeddedArchive(store, { found: () => undefined });
  const copy = async (name: string): Promise<string> => {
    await cp(dataDir, join(folder, name), { recursive: true, filter: (path) => !path.endsWith('.sock') });
    return join(folder, name);
  };
  const [entries, alarms, before]: [string[], string[], string[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let i = 0; i < PER_ROUND; i += 1) {
      const number = entries.length;
      // Some are so large that they have pages of their own.
      entries.push(`reading ${number} `.padEnd(40, '.'));
      alarms.push(`alarm ${number} `.padEnd(40, '.'));
      await log.append('ENTRY', oneRecord(number, (entries[number] as string).padEnd(number % 5 === 0 ? 9_000 : 60, 'x')), Date.now());
      await task?.commit(
        [{ topic: 'ALARM', key: number, at: Date.now(), value: Buffer.from(alarms[number] as string) }],
        [{ key: number * 7, value: Buffer.from(JSON.stringify({ v: 3, of: PERSONAL, number })) }],
        { ENTRY: number + 1, OK: 0, ACTION: 0 },
      );
      if (number + 1 === MAILED) await mailer.commit('ALARM', 0, MAILED);
    }
    await directory.put(Array.from({ length: 15 }, (_, i) => clientOf({ id: round * 100 + i * 7, surname: PERSONAL })));
    await archive.put([{ ...alarmOf({ id: `a${round}` }), region: 'GR-I', geohash: 'swbb5' }], []);
    // The last ones stay in the journal alone.
    if (round < ROUNDS - 3) await log.sweep();
    if (round % 4 === 1) before.push(await copy(`before-${round}`));
  }
  before.push(await copy('a moment before'));
  entries.push('reading, the last one '.padEnd(40, '.'));
  await log.append('ENTRY', oneRecord(1, entries.at(-1) as string), Date.now());
  const left = await copy('left');
  await log.close();
  await store.close();
  return { left, before, entries, alarms, unread: alarms.slice(MAILED) };
}
