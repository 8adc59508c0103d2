import type { Writable } from 'node:stream';
import progress from 'cli-progress';

export interface Progress {
  /** `seconds`: the age of the run. */
  update(seconds: number, state: string): void;
  /** Writes a line that stays. */
  say(line: string): void;
  stop(): void;
}

const LINE_EVERY_SECONDS = 10;

/** A progress bar on a terminal, otherwise a line every ten seconds. */
export function createProgress(out: Writable & { isTTY?: boolean }, totalSeconds: number): Progress {
  return out.isTTY && Number.isFinite(totalSeconds) ? bar(out, totalSeconds) : lines(out);
}

function bar(out: Writable, totalSeconds: number): Progress {
  const line = new progress.SingleBar(
    { stream: out as NodeJS.WritableStream, format: '{bar} {percentage}% {state}', hideCursor: true, clearOnComplete: true, fps: 4 },
    progress.Presets.shades_classic,
  );
  line.start(totalSeconds, 0, { state: '' });
  return {
    update: (seconds, state) => line.update(Math.min(seconds, totalSeconds), { state }),
    say: (text) => {
      out.write(`\r\u001b[K${text}\n`);
    },
    stop: () => line.stop(),
  };
}

function lines(out: Writable): Progress {
  let next = LINE_EVERY_SECONDS;
  const say = (text: string) => {
    out.write(`${text}\n`);
  };
  return {
    update: (seconds, state) => {
      if (seconds < next) return;
      next = (Math.floor(seconds / LINE_EVERY_SECONDS) + 1) * LINE_EVERY_SECONDS;
      say(`${Math.round(seconds)} s  ${state}`);
    },
    say,
    stop: () => undefined,
  };
}
