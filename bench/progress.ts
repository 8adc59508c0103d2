import { setTimeout as sleep } from 'node:timers/promises';

/** Does a part of a bench and says on stderr how long it took, so that whoever waits sees where it is. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const seconds = (): string => `${((performance.now() - began) / 1_000).toFixed(1)} s`;
  try {
    const result = await work();
    process.stderr.write(`${what} (${seconds()})\n`);
    return result;
  } catch (error) {
    process.stderr.write(`${what}: failed after ${seconds()}\n`);
    throw error;
  }
}

/** Resolves once `isSo` resolves with true; rejects after `withinMs`, so that no bench runs for ever. */
export async function waitUntil(what: string, withinMs: number, isSo: () => Promise<boolean>, everyMs = 200): Promise<void> {
  const until = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error(`not within ${withinMs / 1_000} s: ${what}`);
    await sleep(everyMs);
  }
}
