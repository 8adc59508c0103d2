import type { ListedAlarm, WholeAlarm } from '../api/schemas.ts';
import { Custody } from './custody.tsx';
import { Mark } from './marks.tsx';
import type { Operator } from './operator.ts';
import { isActive, isUnacknowledged } from './queue-order.ts';
import type { Store } from './store.ts';
import { age, clockTime } from './time.ts';
import { isolated, stateSentence, TYPE_WORD } from './words.ts';

const DISPOSITIONS = [
  ['genuine', 'Genuine'],
  ['false', 'False alarm'],
  ['test', 'Test'],
  ['aborted', 'Aborted'],
  ['unknown', 'Unknown'],
] as const;

interface Props {
  readonly store: Store;
  readonly operator: Operator;
  readonly alarm: ListedAlarm | undefined;
  readonly now: number;
}

/** All of one alarm, and what can be done about it. */
export function AlarmPanel({ store, operator, alarm, now }: Props) {
  const { whole, actionProblem } = store.state;
  const shown = alarm ?? whole;
  return (
    <section class="panel" aria-label="Open alarm">
      <div class="panel-head">
        {shown && <Mark type={shown.type} severity={shown.severity} active={isActive(shown)} />}
        <h2>{shown ? `${TYPE_WORD[shown.type]}, sensor ${shown.sensor}` : 'Alarm'}</h2>
        <button type="button" class="quiet" onClick={() => operator.close()}>
          Close <kbd>Esc</kbd>
        </button>
      </div>
      {actionProblem && (
        <p class="problem" role="alert">
          {actionProblem}
        </p>
      )}
      {shown ? <Summary alarm={shown} now={now} /> : !actionProblem && <p class="dim">Fetching it…</p>}
      {shown && store.state.session?.role === 'operator' && <Actions store={store} operator={operator} alarm={shown} />}
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

function Actions({ store, operator, alarm }: { store: Store; operator: Operator; alarm: ListedAlarm | WholeAlarm }) {
  const { state, mayAct } = store;
  const over = alarm.state === 'CLEARED_ACK';
  const draft = state.drafts.get(alarm.id) ?? '';
  const setDraft = (text: string): void => store.update(({ drafts }) => drafts.set(alarm.id, text));
  return (
    <div class="actions">
      {isUnacknowledged(alarm) && (
        <button type="button" class="primary" disabled={!mayAct} onClick={() => void operator.acknowledge(alarm.id)}>
          Acknowledge <kbd>A</kbd>
        </button>
      )}
      {!over && (
        <fieldset>
          <legend>It turned out to be</legend>
          {DISPOSITIONS.map(([value, word]) => (
            <button
              key={value}
              type="button"
              aria-pressed={alarm.disposition === value}
              disabled={!mayAct}
              onClick={() => void operator.setDisposition(alarm.id, value)}
            >
              {word}
            </button>
          ))}
        </fieldset>
      )}
      {!over && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void operator.addNote(alarm.id);
          }}
        >
          <label for="note">
            Note <kbd>O</kbd>
          </label>
          <textarea id="note" rows={2} maxLength={2_000} value={draft} onInput={(event) => setDraft(event.currentTarget.value)} />
          <button type="submit" disabled={!mayAct || draft.trim() === ''}>
            Add note
          </button>
        </form>
      )}
      {over && <p class="dim">This alarm is closed: nothing more can be done about it.</p>}
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

/** A status in words; whatever is no status, as it came. */
function reading(value: string): string {
  try {
    const { motion, smoke, temperature, maxTemperature } = JSON.parse(value) as Record<string, unknown>;
    const parts = [
      String(smoke) === 'true' && 'smoke',
      String(motion) === 'true' && 'motion',
      temperature !== undefined && `${String(temperature)} °C of ${String(maxTemperature)} °C`,
    ];
    return parts.filter(Boolean).join(', ');
  } catch {
    return value;
  }
}

type Columns = NonNullable<WholeAlarm['client']>;

function Client({ client }: { client: Columns | null }) {
  if (client === null) return <p class="dim client">No client is known for this sensor.</p>;
  const text = (name: string): string => String(client[name] ?? '');
  const rows: [string, string][] = [
    [
      'Address',
      [text('streetaddress'), `${text('zipcode')} ${text('city')}`.trim(), text('country')].filter(Boolean).map(isolated).join(', '),
    ],
    ['Telephone', `+${text('telephonecountrycode')} ${text('telephonenumber')}`],
    ['E-mail', text('emailaddress')],
    ['Born', text('birthday')],
    ['National id', text('nationalid')],
    ['Work', [text('occupation'), text('company')].filter(Boolean).map(isolated).join(', ')],
    ['Position', positionOf(client)],
  ];
  return (
    <div class="client">
      <h3>
        {text('title')} {text('name')} {text('surname')}
      </h3>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function positionOf({ latitude, longitude }: Columns): string {
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return 'not known';
  return `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
}
