import { Presets, SingleBar } from 'cli-progress';
import { grouped } from './grouped.ts';

export interface Progress {
  update(done: number): void;
  /** Leaves the terminal as it should be for the lines that follow. */
  stop(): void;
}

/** A bar at a terminal; elsewhere a line for every tenth. On stderr, so that it never mixes with output. */
export function startProgress(label: string, total: number, unit: string): Progress {
  if (process.stderr.isTTY) {
    const bar = new SingleBar(
      { format: `${label} {bar} {percentage} % | {value}/{total} ${unit} | {eta_formatted}`, stream: process.stderr },
      Presets.shades_classic,
    );
    bar.start(total, 0);
    return { update: (done) => bar.update(Math.min(done, total)), stop: () => bar.stop() };
  }
  let tenths = 0;
  return {
    update: (done) => {
      const now = total === 0 ? 10 : Math.floor((10 * done) / total);
      if (now > tenths) process.stderr.write(`${label}: ${now * 10} % (${grouped(done)} of ${grouped(total)} ${unit})\n`);
      tenths = Math.max(tenths, now);
    },
    stop: () => undefined,
  };
}

export function showWaiting(reason: string): void {
  process.stderr.write(`\n${reason}. Trying again for a minute.\n`);
}
