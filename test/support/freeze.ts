/** Makes a process hang (Linux). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 10_000;
const STOPPED = 'T';

/** Sends SIGSTOP and resolves once every thread has halted: until then the process may still answer, for milliseconds on a busy machine. SIGCONT continues it. */
export async function freeze(pid: number): Promise<void> {
  // 0 and below mean process groups, including our own.
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

/** proc(5): the letter after the name; the name is in brackets, and may contain brackets. */
function stateOf(thread: string): string | undefined {
  try {
    const stat = readFileSync(`${thread}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2];
  } catch (error) {
    if (existsSync(thread)) throw error;
    return undefined;
  }
}
