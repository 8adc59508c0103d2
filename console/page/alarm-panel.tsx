import type { ListedAlarm, WholeAlarm } from '../api/schemas.ts';
import { Actions } from './actions.tsx';
import { Client } from './client.tsx';
import { Custody } from './custody.tsx';
import { DeedList } from './deed-list.tsx';
import { FaultList } from './fault-list.tsx';
import { Mark } from './marks.tsx';
import type { Operator } from './operator.ts';
import { isActive } from './queue-order.ts';
import type { Store } from './store.ts';
import { age, clockTime } from './time.ts';
import { stateSentence, TYPE_WORD } from './words.ts';

interface Props {
  readonly store: Store;
  readonly operator: Operator;
  readonly id: string;
  readonly now: number;
}

/** All of one alarm, and what can be done about it. */
export function AlarmPanel({ store, operator, id, now }: Props) {
  const { state } = store;
  const whole = state.whole?.id === id ? state.whole : undefined;
  const shown = state.alarms.get(id) ?? whole;
  const deeds = state.deeds.filter(({ alarm }) => alarm === id);
  return (
    <section class="panel" aria-label="Open alarm" tabIndex={-1}>
      <div class="panel-head">
        {shown && <Mark type={shown.type} severity={shown.severity} active={isActive(shown)} />}
        <h2>{shown ? `${TYPE_WORD[shown.type]}, sensor ${shown.sensor}` : 'Alarm'}</h2>
        <button type="button" class="quiet" onClick={() => operator.close()}>
          Close <kbd>Esc</kbd>
        </button>
      </div>
      {shown && <Summary alarm={shown} now={now} />}
      {shown && state.session?.role === 'operator' && <Actions store={store} operator={operator} alarm={shown} />}
      <DeedList deeds={deeds} named={false} onDismiss={(deed) => operator.dismiss(deed)} />
      {state.panelProblem && (
        <p class="problem" role="alert">
          {state.panelProblem}
        </p>
      )}
      {!shown && !state.panelProblem && <p class="dim">Fetching it…</p>}
      {shown && <FaultList faults={state.faults.get(shown.sensor) ?? []} now={now} />}
      {whole && <Details whole={whole} now={now} />}
    </section>
  );
}

function Summary({ alarm, now }: { alarm: ListedAlarm | WholeAlarm; now: number }) {
  const raisedAt = Date.parse(alarm.raisedAt);
  return (
    <div class="summary">
      <p class={`sentence ${alarm.severity.toLowerCase()}`}>
        {stateSentence(alarm)} <span class="dim">{alarm.severity.toLowerCase()}</span>
      </p>
      <p>
        Raised{' '}
        <time dateTime={alarm.raisedAt} title={alarm.raisedAt}>
          {clockTime(raisedAt, now)}
        </time>
        , <b>{age(now - raisedAt)}</b> ago
        {alarm.clearedAt && `, restored ${clockTime(Date.parse(alarm.clearedAt), now)}`}
        {alarm.disposition && `, found: ${alarm.disposition}`}
      </p>
      <p class="dim">
        {alarm.region || 'region not known'} {alarm.geohash && `· ${alarm.geohash}`}
      </p>
    </div>
  );
}

function Details({ whole, now }: { whole: WholeAlarm; now: number }) {
  const raisedAt = Date.parse(whole.raisedAt);
  return (
    <>
      {whole.problems?.map((problem) => (
        <p key={problem} class="problem">
          {problem}
        </p>
      ))}
      {whole.client !== undefined && <Client client={whole.client} />}
      <h3>Why: {whole.evidence.length === 1 ? 'the reading' : `${whole.evidence.length} readings`}</h3>
      <ol class="evidence">
        {whole.evidence.map(({ topic, partition, offset, at, value }) => (
          <li key={`${topic} ${partition} ${offset}`}>
            <time dateTime={at} title={at}>
              {clockTime(Date.parse(at), now)}
            </time>{' '}
            {reading(value)}
            <span class="dim">
              {topic}/{partition}@{offset}
            </span>
          </li>
        ))}
      </ol>
      <h3>Custody</h3>
      <Custody steps={whole.custody} raisedAt={raisedAt} />
    </>
  );
}

/** A status in words; whatever tells nothing, as it came. */
function reading(value: string): string {
  try {
    const { motion, smoke, temperature, maxTemperature } = JSON.parse(value) as Record<string, unknown>;
    const parts = [
      isSet(smoke) && 'smoke',
      isSet(motion) && 'motion',
      isNumber(temperature) && `${String(temperature)} °C${isNumber(maxTemperature) ? ` of ${String(maxTemperature)} °C` : ''}`,
    ].filter(Boolean);
    return parts.length === 0 ? value : parts.join(', ');
  } catch {
    return value;
  }
}

const isSet = (value: unknown): boolean => ['true', '1'].includes(String(value).toLowerCase());
const isNumber = (value: unknown): boolean => typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
