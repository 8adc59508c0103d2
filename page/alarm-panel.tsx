import { isActive } from '../alarm/lifecycle.ts';
import type { ListedAlarm, WholeAlarm } from '../console/api/schemas.ts';
import { Actions } from './actions.tsx';
import { Client } from './client.tsx';
import { Custody } from './custody.tsx';
import { DeedList } from './deed-list.tsx';
import { FaultList } from './fault-list.tsx';
import { Mark } from './marks.tsx';
import type { Operator } from './operator.ts';
import { readingWords } from './reading.ts';
import type { Store } from './store.ts';
import { age, clockTime } from './time.ts';
import type { KnownTypes } from './types.ts';
import { may } from './state.ts';
import { stateSentence } from './words.ts';

interface Props {
  readonly store: Store;
  readonly operator: Operator;
  readonly id: string;
  readonly now: number;
}

/** Everything about one alarm, and what can be done about it. */
export function AlarmPanel({ store, operator, id, now }: Props) {
  const { state } = store;
  const whole = state.whole?.id === id ? state.whole : undefined;
  const shown = state.alarms.get(id) ?? whole;
  const type = shown && state.types.of(shown.type);
  const deeds = state.deeds.filter(({ alarm }) => alarm === id);
  return (
    <section class="panel" aria-label="Open alarm" tabIndex={-1}>
      <div class="panel-head">
        {shown && type && <Mark shape={type.shape} severity={shown.severity} active={isActive(shown)} />}
        <h2>{shown && type ? `${type.word}, sensor ${shown.sensor}` : 'Alarm'}</h2>
        <button type="button" class="quiet" onClick={() => operator.close()}>
          Close <kbd>Esc</kbd>
        </button>
      </div>
      {shown && <Summary alarm={shown} now={now} />}
      {shown && may(state.session, 'acknowledge') && <Actions store={store} operator={operator} alarm={shown} />}
      <DeedList deeds={deeds} named={false} onDismiss={(deed) => operator.dismiss(deed)} />
      {state.panelProblem && (
        <p class="problem" role="alert">
          {state.panelProblem}
        </p>
      )}
      {!shown && !state.panelProblem && <p class="dim">Loading…</p>}
      {shown && <FaultList faults={state.faults.get(shown.sensor) ?? []} types={state.types} now={now} />}
      {whole && <Details whole={whole} types={state.types} now={now} />}
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
      {alarm.quarantined && <p class="problem">Quarantined: no client had this sensor when the alarm was raised.</p>}
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

function Details({ whole, types, now }: { whole: WholeAlarm; types: KnownTypes; now: number }) {
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
            {value !== undefined && <Reading value={value} type={whole.type} types={types} />}
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

/** A reading in words; unchanged if none of its fields is known. */
function Reading({ value, type, types }: { value: string; type: string; types: KnownTypes }) {
  const words = readingWords(value, types.of(type), types);
  return (
    <span>
      {words ? words.own : value}
      {words && words.others !== '' && <span class="other-fields">{words.own === '' ? words.others : `, ${words.others}`}</span>}
    </span>
  );
}
