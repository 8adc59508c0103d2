/** Short words for tests that read a log and own its tasks. */
import type { InputPositions, MessageLog, Reader, RecordBatch, Subscription, TaskLog } from '../../message-log/port.ts';

const PATIENCE_MS = 20_000;

export function valuesOf(batches: readonly RecordBatch[]): string[] {
  return batches.flatMap((batch) =>
    Array.from({ length: batch.length }, (_, i) => batch.bytes.toString('utf8', batch.start(i), batch.end(i))),
  );
}

/** The values of the next `count` records or more; rejects if they don't come in time. */
export async function readUntil(from: Reader | Subscription, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (const end = Date.now() + PATIENCE_MS; seen.length < count && Date.now() < end; ) seen.push(...valuesOf(await from.poll(200)));
  if (seen.length < count) throw new Error(`only ${seen.length} of ${count} records came`);
  return seen;
}

/** Becomes an owner, and resolves once `count` tasks are assigned (default: all); later ones are added to the list, revoked ones stay in it. */
export async function ownAll(log: MessageLog, count = log.partitions) {
  const tasks: TaskLog[] = [];
  const release = await log.own({
    assigned: async (task) => {
      tasks.push(task);
    },
    revoked: async () => undefined,
  });
  for (const end = Date.now() + PATIENCE_MS; tasks.length < count; ) {
    if (Date.now() > end) throw new Error(`only ${tasks.length} of ${count} tasks were assigned`);
    await new Promise((done) => setTimeout(done, 10));
  }
  return { tasks, release };
}

export async function restoredState(task: TaskLog): Promise<{ state: Record<number, string>; positions: InputPositions }> {
  const state: Record<number, string> = {};
  const positions = await task.restore(
    (key, value) => {
      state[key] = value.toString();
    },
    () => undefined,
  );
  return { state, positions };
}
