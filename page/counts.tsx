import { layersOf, MINUTES } from './count-layers.ts';
import type { MinuteCount } from './state.ts';
import { clockTime, count } from './time.ts';
import type { KnownTypes } from './types.ts';

const MINUTE_MS = 60_000;
const HEIGHT = 56;
const STEP = 10;

interface Props {
  readonly types: KnownTypes;
  /** Undefined: not known. */
  readonly counts: readonly MinuteCount[] | undefined;
  readonly now: number;
}

/** Alarms raised per minute over the last hour, the gravest at the bottom. */
export function Counts({ types, counts, now }: Props) {
  const end = Math.floor(now / MINUTE_MS);
  const layers = layersOf(types, counts ?? [], end);
  const totals = Array.from({ length: MINUTES }, (_, i) => layers.reduce((sum, { minutes }) => sum + (minutes[i] ?? 0), 0));
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
          {layers.map(({ colour, words }) => (
            <li key={colour} title={words}>
              <svg width="10" height="10" aria-hidden="true">
                <rect width="10" height="10" fill={colour} />
              </svg>
              <span>{words}</span>
            </li>
          ))}
        </ul>
      </div>
      <div class="counts-graph">
        <span class="peak">{counts === undefined ? '–' : count(peak)}</span>
        <svg viewBox={`0 0 ${MINUTES * STEP} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
          {totals.map((_, i) => {
            let top = HEIGHT;
            return layers.map(({ colour, minutes }) => {
              const height = ((minutes[i] ?? 0) / peak) * HEIGHT;
              top -= height;
              return height === 0 ? null : (
                <rect key={`${i} ${colour}`} x={i * STEP + 1} y={top} width={STEP - 2} height={height} fill={colour} />
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
