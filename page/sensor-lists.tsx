import { Component } from 'preact';
import type { FaultAnswer, SensorsAnswer } from '../console/api/schemas.ts';
import { callApi } from './api.ts';
import { faultWords, faultyWords } from './faults.ts';
import { count } from './time.ts';
import type { KnownTypes } from './types.ts';

interface Props {
  readonly types: KnownTypes;
  readonly faults: ReadonlyMap<number, readonly FaultAnswer[]>;
  /** How many sensors have any; undefined: not known. */
  readonly faulty: number | undefined;
  /** When it changes, the directory has changed, and the list of sensors without a place is fetched again. */
  readonly placesHash: string | undefined;
  readonly now: number;
  readonly onOpen: (sensor: string) => void;
}

type Placeless = SensorsAnswer['sensors'][number];

interface ListsState {
  readonly shown: 'none' | 'faults' | 'placeless';
  readonly placeless: readonly Placeless[];
  /** How many there are in all; undefined: not known. */
  readonly total: number | undefined;
  /** Of the next page, if there is one. */
  readonly cursor: string | undefined;
  readonly problem: string | undefined;
}

const FAULTY_MAX = 500;
const PAGE = 200;

/** Sensors with faults, and sensors that the map can't show. */
export class SensorLists extends Component<Props, ListsState> {
  override state: ListsState = { shown: 'none', placeless: [], total: undefined, cursor: undefined, problem: undefined };

  override componentDidMount(): void {
    void this.#fetch(undefined);
  }

  override componentDidUpdate(previous: Props): void {
    if (previous.placesHash !== this.props.placesHash) void this.#fetch(undefined);
  }

  override render() {
    const { faulty, types } = this.props;
    const { shown, placeless, total, cursor, problem } = this.state;
    return (
      <div class="sensor-lists">
        <div class="sensor-tabs">
          <button type="button" class="quiet" aria-expanded={shown === 'faults'} onClick={() => this.#toggle('faults')}>
            <FaultMark /> {faultyWords(faulty)}
          </button>
          <button type="button" class="quiet" aria-expanded={shown === 'placeless'} onClick={() => this.#toggle('placeless')}>
            {total === undefined ? 'Sensors without a place: not known' : `${count(total)} without a place`}
          </button>
        </div>
        {shown === 'faults' && <ul class="sensor-list">{this.#faulty()}</ul>}
        {shown === 'placeless' && (
          <ul class="sensor-list">
            {problem && <li class="problem">{problem}</li>}
            {placeless.map((sensor) => this.#entry(sensor.id, placelessWords(sensor, types)))}
            {cursor !== undefined && (
              <li>
                <button type="button" onClick={() => void this.#fetch(cursor)}>
                  More
                </button>
              </li>
            )}
          </ul>
        )}
      </div>
    );
  }

  #faulty() {
    const { faults, faulty, types, now } = this.props;
    const shown = [...faults].slice(0, FAULTY_MAX);
    const more = (faulty ?? faults.size) - shown.length;
    return (
      <>
        {shown.map(([sensor, all]) => this.#entry(sensor, all.map((fault) => faultWords(fault, types, now)).join('; ')))}
        {more > 0 && <li class="dim">and {count(more)} more</li>}
      </>
    );
  }

  #entry(sensor: number, words: string) {
    return (
      <li key={sensor}>
        <button type="button" class="quiet" onClick={() => this.props.onOpen(String(sensor))}>
          <b>Sensor {sensor}</b> {words}
        </button>
      </li>
    );
  }

  #toggle(list: 'faults' | 'placeless'): void {
    this.setState(({ shown }) => ({ shown: shown === list ? 'none' : list }));
    if (list === 'placeless') void this.#fetch(undefined);
  }

  async #fetch(cursor: string | undefined): Promise<void> {
    const query = `place=none&limit=${PAGE}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { status, body, error } = await callApi<SensorsAnswer>('GET', `/api/sensors?${query}`);
    if (status !== 200 || !body) {
      this.setState({ problem: error, total: undefined });
      return;
    }
    const { sensors, total, cursor: next } = body;
    this.setState((before) => ({
      placeless: cursor === undefined ? sensors : [...before.placeless, ...sensors],
      total,
      cursor: next ?? undefined,
      problem: undefined,
    }));
  }
}

const placelessWords = ({ active }: Placeless, types: KnownTypes): string =>
  active.map((type) => `${types.of(type).word} active`).join(', ');

function FaultMark() {
  return (
    <svg class="mark warning hollow" viewBox="0 0 20 20" width="14" height="14" aria-hidden="true">
      <path d="M4 4h12v12H4Z" />
    </svg>
  );
}
