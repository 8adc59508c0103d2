import { Component, createRef } from 'preact';
import type { ListedAlarm } from '../console/api/schemas.ts';
import { Mark } from './marks.tsx';
import { byType, isLesser, type Scope, type Several } from './several.ts';
import { age, count } from './time.ts';
import type { KnownTypes } from './types.ts';

interface Props {
  readonly several: Several;
  readonly types: KnownTypes;
  readonly mayAct: boolean;
  readonly now: number;
  readonly onAcknowledge: (alarms: readonly ListedAlarm[]) => void;
  readonly onClose: () => void;
}

interface DialogState {
  readonly scope: Scope;
  /** The types that the operator has ticked or unticked. */
  readonly ticks: ReadonlyMap<string, boolean>;
}

/** Shows how many alarms of which types will be acknowledged, and asks for confirmation. */
export class SeveralDialog extends Component<Props, DialogState> {
  override state: DialogState = { scope: 'inView', ticks: new Map() };
  readonly #dialog = createRef<HTMLDialogElement>();
  readonly #cancel = createRef<HTMLButtonElement>();

  override componentDidMount(): void {
    this.#dialog.current?.showModal();
    // So that pressing Enter once too often does nothing.
    this.#cancel.current?.focus();
  }

  override render() {
    const { several, types, mayAct, now, onAcknowledge, onClose } = this.props;
    const { scope, ticks } = this.state;
    const groups = byType(several[scope], types).map((group) => ({ ...group, ticked: ticks.get(group.type.name) ?? isLesser(group) }));
    const meant = groups.flatMap(({ alarms, ticked }) => (ticked ? alarms : []));
    return (
      <dialog ref={this.#dialog} class="several" onClose={onClose} aria-labelledby="several-title">
        <h2 id="several-title">Acknowledge several new alarms</h2>
        <fieldset>
          <legend>Which</legend>
          {this.#scope('inView', `in view: ${count(several.inView.length)}`)}
          {this.#scope('listed', `all in the list: ${count(several.listed.length)}`)}
        </fieldset>
        <fieldset>
          <legend>Of which types</legend>
          {groups.map(({ type, alarms, ticked }) => (
            <label key={type.name}>
              <input type="checkbox" checked={ticked} onChange={(event) => this.#tick(type.name, event.currentTarget.checked)} />{' '}
              <Mark shape={type.shape} severity={alarms[0]?.severity ?? 'WARNING'} active />
              <b>
                {count(alarms.length)} {type.text}
              </b>
              <span class="dim">the oldest {age(now - oldest(alarms))} ago</span>
              {type.lifeSafety && <span class="problem">lives may depend on {alarms.length === 1 ? 'it' : 'each of them'}</span>}
            </label>
          ))}
        </fieldset>
        <p class="dim">Alarms that arrive now are not included, and any that changes meanwhile stays new.</p>
        {!mayAct && <p class="problem">There is no link to the server: nothing can be done at the moment.</p>}
        <p class="buttons">
          <button type="button" class="primary" disabled={!mayAct || meant.length === 0} onClick={() => onAcknowledge(meant)}>
            Acknowledge {count(meant.length)} {meant.length === 1 ? 'alarm' : 'alarms'}
          </button>
          <button type="button" ref={this.#cancel} onClick={onClose}>
            Cancel <kbd>Esc</kbd>
          </button>
        </p>
      </dialog>
    );
  }

  #scope(scope: Scope, words: string) {
    return (
      <label>
        <input type="radio" name="scope" checked={this.state.scope === scope} onChange={() => this.setState({ scope })} /> {words}
      </label>
    );
  }

  #tick(type: string, ticked: boolean): void {
    this.setState(({ ticks }) => ({ ticks: new Map([...ticks, [type, ticked]]) }));
  }
}

const oldest = (alarms: readonly ListedAlarm[]): number =>
  alarms.reduce((at, { raisedAt }) => Math.min(at, Date.parse(raisedAt)), Number.POSITIVE_INFINITY);
