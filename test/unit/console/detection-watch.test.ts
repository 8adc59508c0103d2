/** "Nothing proves that what sensors send is processed" is said in time, and not because this process was busy with something else. */
import { pino, type Logger } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { DetectionWatch } from '../../../console/live/detection-watch.ts';
import { Health } from '../../../runtime/health.ts';

let now: number;
let lines: { level: number; msg: string }[];
let health: Health;
let logger: Logger;
let watch: DetectionWatch;
beforeEach(() => {
  now = 0;
  lines = [];
  health = new Health();
  logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  watch = new DetectionWatch({ health, logger }, () => now);
});

const errors = () => lines.filter(({ level }) => level >= 50).length;
/** The console looks every three seconds; the last proof was at `provenAt`. */
function looks(times: number, provenAt: number): void {
  for (let i = 0; i < times; i += 1) {
    now += 3_000;
    watch.look(now - provenAt);
  }
}

describe('a console', () => {
  it('says once, within half a minute, that nothing proves detection, and when that is over', () => {
    looks(10, 0);
    expect([errors(), Object.keys(health.notices()).length]).toEqual([1, 1]);
    looks(10, 0);
    expect(errors()).toBe(1);
    looks(1, now);
    expect([errors(), Object.keys(health.notices()).length]).toEqual([1, 0]);
    expect(lines.at(-1)?.msg).toMatch(/processed again/);
  });

  it('that took a minute to start does not say so before a proof could have come', () => {
    now = 60_000;
    looks(3, 0);
    looks(4, now);
    expect([errors(), Object.keys(health.notices()).length]).toEqual([0, 0]);
  });

  it('that took a minute to start says so where none comes then', () => {
    now = 60_000;
    looks(10, 0);
    expect(errors()).toBe(1);
  });

  it('does not say so while sensors are restored, however long that takes, and afterwards only where no proof comes then', async () => {
    let onReady: () => void = () => undefined;
    const fireReady = new Promise<void>((resolve) => {
      onReady = resolve;
    });
    watch = new DetectionWatch({ health, logger, fireReady }, () => now);
    looks(20, 0);
    expect([errors(), Object.keys(health.notices()).length]).toEqual([0, 0]);
    onReady();
    await fireReady;
    looks(4, 0);
    expect(errors()).toBe(0);
    looks(6, 0);
    expect([errors(), Object.keys(health.notices()).length]).toEqual([1, 1]);
  });

  it('that stood still for a minute does not say so before it could see that all went on', () => {
    looks(2, 0);
    now += 60_000;
    looks(1, 6_000);
    looks(4, now);
    expect(errors()).toBe(0);
  });
});
