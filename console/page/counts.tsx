import { SEVERITY_COLOUR } from './map-canvas.ts';
import type { MinuteCount } from './state.ts';
import { clockTime, count } from './time.ts';

const MINUTES = 60;
const MINUTE_MS = 60_000;
const HEIGHT = 56;
const STEP = 10;
const LAYERS = [
  { type: 'smoke', word: 'smoke', colour: SEVERITY_COLOUR.CRITICAL },
  { type: 'temperature', word: 'heat', colour: SEVERITY_COLOUR.MAJOR },
  { type: 'motion', word: 'motion', colour: SEVERITY_COLOUR.MINOR },
] as const;

/** Alarms raised per minute over the last hour, the gravest at the bottom. */
export function Counts({ counts, now }: { counts: readonly MinuteCount[] | undefined; now: number }) {
  const end = Math.floor(now / MINUTE_MS);
  const minutes = Array.from({ length: MINUTES }, () => ({ smoke: 0, temperature: 0, motion: 0 }));
  for (const { minute, type, count: number } of counts ?? []) {
    const slot = minutes[MINUTES - 1 - (end - Date.parse(minute) / MINUTE_MS)];
    if (slot) slot[type] += number;
  }
  const totals = minutes.map(({ smoke, temperature, motion }) => smoke + temperature + motion);
  const peak = Math.max(1, ...totals);
  const sum = totals.reduce((all, n) => all + n, 0);
  const label =
    counts === undefined
      ? 'Not known at the moment'
      : `${count(sum)} ${sum === 1 ? 'alarm' : 'alarms'} raised in the last hour, at most ${count(Math.max(...totals))} in a minute`;
  return (
    <section class="counts" aria-label="Alarms per minute">
      <div class="counts-head">
        <h2>Alarms per minute</h2>
        <p>{label}</p>
        <ul>
          {LAYERS.map(({ type, word, colour }) => (
            <li key={type}>
              <svg width="10" height="10" aria-hidden="true">
                <rect width="10" height="10" fill={colour} />
              </svg>
              {word}
            </li>
          ))}
        </ul>
      </div>
      <div class="counts-graph">
        <span class="peak">{counts === undefined ? '–' : count(peak)}</span>
        <svg viewBox={`0 0 ${MINUTES * STEP} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
          {minutes.map((minute, i) => {
            let top = HEIGHT;
            return LAYERS.map(({ type, colour }) => {
              const height = (minute[type] / peak) * HEIGHT;
              top -= height;
              return height === 0 ? null : (
                <rect key={`${i} ${type}`} x={i * STEP + 1} y={top} width={STEP - 2} height={height} fill={colour} />
              );
            });
          })}
        </svg>
        <div class="counts-axis" aria-hidden="true">
          {[60, 45, 30, 15].map((ago) => (
            <span key={ago}>{clockTime((end - ago) * MINUTE_MS, now).slice(-8, -3)}</span>
          ))}
          <span>now</span>
        </div>
      </div>
    </section>
  );
}
