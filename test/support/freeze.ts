/** A process that hangs (Linux). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 10_000;
const STOPPED = 'T';

/** SIGSTOP; resolves once every thread has halted: until then it may still answer, on a busy machine for milliseconds. SIGCONT lets it go on. */
export async function freeze(pid: number): Promise<void> {
  // 0 and below are groups of processes, our own among them.
  if (pid <= 0) throw new Error('there is no process to freeze');
  process.kill(pid, 'SIGSTOP');
  for (const end = Date.now() + DEADLINE_MS; !hasHalted(pid); await delay(1)) {
    if (Date.now() > end) throw new Error(`process ${pid} did not halt within ${DEADLINE_MS} ms of SIGSTOP`);
  }
}

function hasHalted(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).every((thread) => stateOf(`${threads}/${thread}`) === STOPPED);
}

/** proc(5): the letter after the name, which is in brackets and may have some in it. */
function stateOf(thread: string): string | undefined {
  try {
    const stat = readFileSync(`${thread}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2];
  } catch (error) {
    if (existsSync(thread)) throw error;
    return undefined;
  }
}
