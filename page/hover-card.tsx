import { isOver } from '../alarm/lifecycle.ts';
import type { ListedAlarm } from '../console/api/schemas.ts';
import { faultWords } from './faults.ts';
import type { Hit } from './map-canvas.ts';
import type { Spot } from './spots.ts';
import type { Store } from './store.ts';
import { count } from './time.ts';
import { isProven, isSilent } from './trouble.ts';
import type { KnownTypes } from './types.ts';
import { stateWord } from './words.ts';

const LINES_MAX = 5;

/** Describes what is under the pointer. */
export function HoverCard({ hit, store }: { hit: Hit; store: Store }) {
  const at = hit.kind === 'spot' ? hit.spot : hit;
  const lines = hit.kind === 'spot' ? spotLines(hit.spot, store.state.types) : sensorLines(hit.sensor, store);
  return (
    <div class="hover-card" role="presentation" style={{ left: `${at.x + 14}px`, top: `${at.y + 14}px` }}>
      {lines.slice(0, LINES_MAX).map((line) => (
        <div key={line}>{line}</div>
      ))}
      {lines.length > LINES_MAX && <div>and {count(lines.length - LINES_MAX)} more: zoom in</div>}
    </div>
  );
}

function spotLines({ alarms, graver }: Spot, types: KnownTypes): string[] {
  const unlisted = graver && `${types.at(graver.place).word} active, sensor ${graver.sensor}: not listed here`;
  return [...(unlisted === undefined ? [] : [unlisted]), ...alarms.map((alarm) => alarmWords(alarm, types))];
}

const alarmWords = (alarm: ListedAlarm, types: KnownTypes): string =>
  `${types.of(alarm.type).word} ${stateWord(alarm)}, sensor ${alarm.sensor}`;

/** Says "no alarm" only if detection is proven to keep up and statuses come in. */
export function sensorLines(sensor: number, store: Store): string[] {
  const { state } = store;
  const now = store.now();
  const alarms = store.sorted().filter((alarm) => alarm.sensor === sensor && !isOver(alarm));
  const faults = (state.faults.get(sensor) ?? []).map((fault) => `Sensor ${sensor}: ${faultWords(fault, state.types, now)}`);
  if (alarms.length > 0) return [...alarms.map((alarm) => alarmWords(alarm, state.types)), ...faults];
  if (state.states.has(sensor)) return [`Sensor ${sensor}: has an alarm that is not listed here`, ...faults];
  if (faults.length > 0) return faults;
  const isSure = isProven(state, now) && state.vitals?.damaged === 0 && !isSilent(state.vitals);
  return [`Sensor ${sensor}: ${isSure ? 'no alarm' : 'no alarm is known, but one may be missing'}`];
}
