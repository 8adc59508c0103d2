import { OwnError, reasonOf } from './errors.ts';

interface Release {
  readonly name: string;
  readonly run: () => Promise<void> | void;
}

/** Raised by `stop` when parts could not be released; names each of them. */
export class StopError extends OwnError {}

/**
 * Releases in reverse order of registration: sinks register first, HTTP last, so that each part drains into a live consumer.
 * All parts share one deadline; `stop` may be called any number of times and runs once.
 */
export class Lifecycle {
  #releases: Release[] = [];
  #stopping: Promise<void> | undefined;
  readonly #abort = new AbortController();

  /** Aborted as soon as the stop begins, to end loops and retries. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  onStop(name: string, run: () => Promise<void> | void): void {
    this.#releases.push({ name, run });
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#releaseAll(deadlineMs);
    return this.#stopping;
  }

  async #releaseAll(deadlineMs: number): Promise<void> {
    this.#abort.abort(new Error('stopping'));
    const problems: string[] = [];
    const end = performance.now() + deadlineMs;
    for (const { name, run } of this.#releases.toReversed()) {
      const problem = await within(Math.max(0, end - performance.now()), run);
      if (problem) problems.push(`${name}: ${problem}`);
    }
    if (problems.length > 0) throw new StopError(`not stopped cleanly: ${problems.join('; ')}`);
  }
}

async function within(ms: number, run: () => Promise<void> | void): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('the deadline passed'), ms);
  });
  try {
    return await Promise.race([Promise.resolve(run()).then(() => undefined), late]);
  } catch (error) {
    return reasonOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** A part that runs until it is stopped; `stop` resolves when it has released everything. */
export interface Running {
  stop(): Promise<void>;
}
