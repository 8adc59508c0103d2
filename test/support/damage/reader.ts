/** Opens or repairs data folders one after the other, and prints what came of it: in a process of its own, since damage may end that with a signal. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { openEmbeddedArchive } from '../../../archive/embedded.ts';
import { allOf } from '../parts.ts';
import { openEmbeddedDirectory } from '../../../directory/embedded.ts';
import { openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { repairStore } from '../../../message-log/embedded/repair.ts';
import { openStore, type Store } from '../../../message-log/embedded/store.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import type { MessageLog, Reader, Subscription } from '../../../message-log/port.ts';
import { PermanentError, reasonOf, TransientError } from '../../../runtime/errors.ts';
import { quietLogOptions } from '../quiet-log.ts';

/** What a system makes of a folder. */
export type Seen =
  | { readonly refused: string; readonly isExpected: boolean }
  | {
      readonly entries: readonly string[];
      readonly alarms: readonly string[];
      /** What the mailer had not read yet. */
      readonly unread: readonly string[];
      /** Archived alarms and clients that can be read, by id; of these, all that are asked for, and all that are listed. */
      readonly rows: readonly string[];
      /** Lines of the log from WARN on. */
      readonly said: readonly string[];
      /** Whether a fire that comes now is read by the task, and its alarm by the mailer. */
      readonly firesHeard: boolean;
    };

export interface Order {
  readonly dataDir: string;
  readonly repair: boolean;
  /** Archived alarms and clients to look for. */
  readonly rows: readonly string[];
}

/** Beginnings say which one it is. */
const VALUE_BYTES = 40;
const [FIRE, ALARM] = ['a fire', 'the alarm of a fire'];

async function look({ dataDir, repair, rows: wanted }: Order): Promise<Seen> {
  const said: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) });
  try {
    if (repair) said.push(...(await repairStore(dataDir, true)).findings);
    const store = await openStore(dataDir, { durable: false });
    try {
      const log = await openEmbeddedLog(store, { ...quietLogOptions(), retentionMs: Number.MAX_SAFE_INTEGER, logger });
      const entries = await valuesOf(await log.reader('ENTRY', 0, 'earliest'));
      const alarms = await valuesOf(await log.reader('ALARM', 0, 'earliest'));
      const mailer = await log.subscribe('mailer', ['ALARM']);
      const unread = await valuesOf(mailer);
      const firesHeard = await hears(log, mailer);
      const rows = await rowsOf(store, wanted, (kind, key) => void said.push(`${kind} ${key}`));
      await log.close();
      return { entries, alarms, unread, rows, said, firesHeard };
    } finally {
      await store.close();
    }
  } catch (error) {
    return { refused: reasonOf(error), isExpected: error instanceof PermanentError || error instanceof TransientError };
  }
}

async function rowsOf(store: Store, wanted: readonly string[], found: (kind: string, key: string | number) => void): Promise<string[]> {
  const directory = openEmbeddedDirectory(store, { found });
  const archive = openEmbeddedArchive(store, { found });
  const rows = new Set((await allOf(archive.open())).map(({ id }) => `alarm ${id}`));
  for await (const part of directory.places()) for (const { sensor } of part.placed) rows.add(`client ${sensor}`);
  const there = await Promise.all(
    wanted.map(async (row) => {
      const [kind, id = ''] = row.split(' ');
      const value = await (kind === 'alarm' ? archive.find(id) : directory.find(Number(id)));
      return value !== undefined && value !== 'damaged' && rows.has(row) ? [row] : [];
    }),
  );
  return there.flat();
}

async function hears(log: MessageLog, mailer: Subscription): Promise<boolean> {
  let task: Reader | undefined;
  await log.own({
    assigned: async (assigned) => {
      const positions = await assigned.restore(
        () => undefined,
        () => undefined,
      );
      task = await assigned.reader('ENTRY', positions.ENTRY);
    },
    revoked: async () => undefined,
  });
  await log.append('ENTRY', oneRecord(1, FIRE), Date.now());
  await log.append('ALARM', oneRecord(1, ALARM), Date.now());
  return task !== undefined && (await valuesOf(task)).includes(FIRE) && (await valuesOf(mailer)).includes(ALARM);
}

async function valuesOf(from: Pick<Reader, 'poll'>): Promise<string[]> {
  const values: string[] = [];
  for (let batches = await from.poll(0); batches.length > 0; batches = await from.poll(0))
    for (const batch of batches)
      for (let i = 0; i < batch.length; i += 1)
        values.push(batch.bytes.toString('utf8', batch.start(i), Math.min(batch.end(i), batch.start(i) + VALUE_BYTES)));
  return values;
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = `${JSON.stringify(await look(JSON.parse(line) as Order))}\n`;
  if (!process.stdout.write(answer)) await once(process.stdout, 'drain');
}
