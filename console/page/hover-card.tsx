import type { ListedAlarm } from '../api/schemas.ts';
import { faultWords } from './faults.ts';
import type { Hit } from './map-canvas.ts';
import { hasEnded } from './queue-order.ts';
import type { Store } from './store.ts';
import { count } from './time.ts';
import { isProven, isSilent } from './trouble.ts';
import { stateWord, TYPE_WORD } from './words.ts';

const LINES_MAX = 5;

/** What is under the pointer. */
export function HoverCard({ hit, store }: { hit: Hit; store: Store }) {
  const at = hit.kind === 'spot' ? hit.spot : hit;
  const lines = hit.kind === 'spot' ? hit.spot.alarms.map(alarmWords) : sensorLines(hit.sensor, store);
  return (
    <div class="hover-card" role="presentation" style={{ left: `${at.x + 14}px`, top: `${at.y + 14}px` }}>
      {lines.slice(0, LINES_MAX).map((line) => (
        <div key={line}>{line}</div>
      ))}
      {lines.length > LINES_MAX && <div>and {count(lines.length - LINES_MAX)} more: zoom in</div>}
    </div>
  );
}

const alarmWords = (alarm: ListedAlarm): string => `${TYPE_WORD[alarm.type]} ${stateWord(alarm)}, sensor ${alarm.sensor}`;

/** "No alarm" is only said where nothing speaks against it. */
export function sensorLines(sensor: number, store: Store): string[] {
  const { state } = store;
  const now = store.now();
  const alarms = store.sorted().filter((alarm) => alarm.sensor === sensor && !hasEnded(alarm));
  const faults = (state.faults.get(sensor) ?? []).map((fault) => `Sensor ${sensor}: ${faultWords(fault, now)}`);
  if (alarms.length > 0) return [...alarms.map(alarmWords), ...faults];
  if (state.states.has(sensor)) return [`Sensor ${sensor}: it has an alarm that is not listed here`, ...faults];
  if (faults.length > 0) return faults;
  const isSure = isProven(state, now) && state.vitals !== undefined && !isSilent(state.vitals);
  return [`Sensor ${sensor}: ${isSure ? 'no alarm' : 'no alarm is known, but it may be missing'}`];
}
