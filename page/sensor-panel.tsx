import type { SensorAnswer } from '../console/api/schemas.ts';
import { Client } from './client.tsx';
import { FaultList } from './fault-list.tsx';
import type { Operator } from './operator.ts';
import type { State } from './state.ts';
import { clockTime } from './time.ts';
import type { KnownTypes } from './types.ts';
import { stateWord } from './words.ts';

interface Props {
  readonly state: State;
  readonly operator: Operator;
  readonly now: number;
}

/** A sensor, whether or not it has ever had an alarm. */
export function SensorPanel({ state, operator, now }: Props) {
  const { sensor } = state;
  if (!sensor) return null;
  const { answer, problem } = sensor;
  const faults = state.faults.get(Number(sensor.id)) ?? answer?.faults ?? [];
  const unknown = answer?.faults === null && state.faulty === undefined;
  return (
    <section class="panel" aria-label="Open sensor" tabIndex={-1}>
      <div class="panel-head">
        <h2>Sensor {sensor.id}</h2>
        <button type="button" class="quiet" onClick={() => operator.close()}>
          Close <kbd>Esc</kbd>
        </button>
      </div>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {!answer && !problem && <p class="dim">Loading…</p>}
      <FaultList faults={faults} types={state.types} now={now} />
      {unknown && <p class="problem">Whether it has faults is not known at the moment.</p>}
      {answer && <Known answer={answer} types={state.types} operator={operator} now={now} />}
    </section>
  );
}

interface KnownProps {
  readonly answer: SensorAnswer;
  readonly types: KnownTypes;
  readonly operator: Operator;
  readonly now: number;
}

function Known({ answer, types, operator, now }: KnownProps) {
  const problems = answer.problems ?? [];
  return (
    <>
      {problems.map((problem) => (
        <p key={problem} class="problem">
          {problem}
        </p>
      ))}
      <p class="dim">{answer.geohash ? `${answer.region} · ${answer.geohash}` : 'Its place is not known, so it is not on the map.'}</p>
      {answer.client !== undefined && <Client client={answer.client} />}
      <h3>Latest alarms</h3>
      {answer.alarms.length === 0 && (
        <p role="alert">{problems.length === 0 ? 'This sensor has had no alarm.' : 'No alarm of this sensor is known.'}</p>
      )}
      <ul class="sensor-alarms">
        {answer.alarms.map((alarm) => (
          <li key={alarm.id}>
            <button type="button" onClick={() => operator.open(alarm.id)}>
              {types.of(alarm.type).word} {stateWord(alarm)}, {clockTime(Date.parse(alarm.raisedAt), now)}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
