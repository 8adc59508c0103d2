/** A small data folder as kill -9 leaves it, what was acknowledged in it, and copies of it from before. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedArchive } from '../../../archive/embedded.ts';
import { openEmbeddedDirectory } from '../../../directory/embedded.ts';
import { openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { openStore, type Store } from '../../../message-log/embedded/store.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import type { MessageLog, TaskLog } from '../../../message-log/port.ts';
import { alarmOf, clientOf } from '../alarms.ts';
import { quietLogOptions } from '../quiet-log.ts';

/** A data folder, and what had been acknowledged in it by then. */
export interface Copy {
  readonly dataDir: string;
  /** Readings and alarms, and the alarms that no mailer had read; the first 40 bytes of each. */
  readonly entries: readonly string[];
  readonly alarms: readonly string[];
  readonly unread: readonly string[];
  /** Archived alarms and clients, by id. */
  readonly rows: readonly string[];
  /** The journal has nothing that the tree lacks. */
  readonly isSwept: boolean;
}

export interface Life {
  /** With commits that only the journal has. */
  readonly left: Copy;
  /** From before, the oldest first. */
  readonly before: readonly Copy[];
}

export const PERSONAL = 'Zwingenberger';
const ROUNDS = 12;
const PER_ROUND = 3;
const MAILED = 20;
/** The machine fails once in between, so that older copies are another owner's. */
const CRASH_AFTER = 4;
/** Too large for the journal: it goes straight into the tree. */
const LARGE_BYTES = 300_000;

export async function live(folder: string): Promise<Life> {
  const [entries, alarms, rows, before]: [string[], string[], string[], Copy[]] = [[], [], [], []];
  let mailed = 0;
  let isSwept = false;
  let dataDir = join(folder, 'living');
  let running = await Running.start(dataDir);
  const copy = async (name: string): Promise<Copy> => {
    await cp(dataDir, join(folder, name), { recursive: true, filter: (path) => !path.endsWith('.sock') });
    const unread = alarms.slice(mailed);
    return { dataDir: join(folder, name), entries: [...entries], alarms: [...alarms], unread, rows: [...rows], isSwept };
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let i = 0; i < PER_ROUND; i += 1) {
      const number = entries.length;
      const [entry, alarm] = [`reading ${number} `.padEnd(40, '.'), `alarm ${number} `.padEnd(40, '.')];
      // Some are so large that they have pages of their own.
      const bytes = number % 7 === 3 ? LARGE_BYTES : number % 5 === 0 ? 9_000 : 60;
      await running.log.append('ENTRY', oneRecord(number, entry.padEnd(bytes, 'x')), Date.now());
      entries.push(entry);
      await running.task.commit(
        [{ topic: 'ALARM', key: number, at: Date.now(), value: Buffer.from(alarm) }],
        [{ key: number * 7, value: Buffer.from(JSON.stringify({ v: 3, of: PERSONAL, number })) }],
        { ENTRY: number + 1, OK: 0, ACTION: 0 },
      );
      alarms.push(alarm);
      if (number + 1 === MAILED) {
        await running.mailer.commit('ALARM', 0, MAILED);
        mailed = MAILED;
      }
    }
    const clients = Array.from({ length: 15 }, (_, i) => clientOf({ id: round * 100 + i * 7, surname: PERSONAL }));
    await openEmbeddedDirectory(running.store, { found: () => undefined }).put(clients);
    await openEmbeddedArchive(running.store, { found: () => undefined }).put(
      [{ ...alarmOf({ id: `a${round}` }), region: 'GR-I', geohash: 'swbb5' }],
      [],
    );
    rows.push(`alarm a${round}`, ...clients.map(({ id }) => `client ${id}`));
    // The last ones stay in the journal alone.
    isSwept = round < ROUNDS - 3;
    if (isSwept) await running.log.sweep();
    if (round % 3 === 1) before.push(await copy(`before-${round}`));
    if (round === CRASH_AFTER) {
      dataDir = (await copy('living on')).dataDir;
      await running.stop();
      running = await Running.start(dataDir);
    }
  }
  before.push(await copy('a moment before'));
  entries.push('reading, the last one '.padEnd(40, '.'));
  await running.log.append('ENTRY', oneRecord(1, entries.at(-1) as string), Date.now());
  const left = await copy('left');
  await running.stop();
  return { left, before };
}

class Running {
  readonly store: Store;
  readonly log: MessageLog & { sweep(): Promise<void> };
  readonly mailer: Awaited<ReturnType<MessageLog['subscribe']>>;
  readonly task: TaskLog;

  private constructor(store: Store, log: Running['log'], mailer: Running['mailer'], task: TaskLog) {
    this.store = store;
    this.log = log;
    this.mailer = mailer;
    this.task = task;
  }

  static async start(dataDir: string): Promise<Running> {
    const store = await openStore(dataDir, { durable: false });
    const log = await openEmbeddedLog(store, quietLogOptions());
    while (store.journal?.fits(1) !== true) await sleep(1);
    const mailer = await log.subscribe('mailer', ['ALARM']);
    const tasks: TaskLog[] = [];
    await log.own({
      assigned: async (assigned) => {
        await assigned.restore(
          () => undefined,
          () => undefined,
        );
        tasks.push(assigned);
      },
      revoked: async () => undefined,
    });
    return new Running(store, log, mailer, tasks[0] as TaskLog);
  }

  async stop(): Promise<void> {
    await this.log.close();
    await this.store.close();
  }
}
