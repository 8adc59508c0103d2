import { Component } from 'preact';
import { NOTE_MAX } from '../alarm/action.ts';
import type { WholeIncidentAnswer } from '../console/api/schemas-incidents.ts';
import { happenedWords, placeWords } from './incident-words.ts';
import type { IncidentWork } from './incident-work.ts';
import type { IncidentsShown } from './incidents-shown.ts';
import type { Store } from './store.ts';
import { offset } from './time.ts';

type Disposition = NonNullable<WholeIncidentAnswer['closing']>['disposition'];

const LABELS: Readonly<Record<Disposition, string>> = {
  genuine: 'Genuine',
  false: 'False alarm',
  test: 'Test',
  aborted: 'Aborted',
  duplicate: 'Duplicate',
  unknown: 'Unknown',
};

interface Props {
  readonly store: Store;
  readonly work: IncidentWork;
  readonly shown: IncidentsShown;
  readonly incident: WholeIncidentAnswer;
}

interface PanelState {
  readonly disposition: Disposition | '';
  readonly standing: boolean;
}

/** One incident: who has it, what can be done about it, its members and its custody. The same controls in every state, so that nothing moves under the pointer. */
export class IncidentPanel extends Component<Props, PanelState> {
  override state: PanelState = { disposition: '', standing: false };

  override render() {
    const { shown, incident } = this.props;
    const { phase, owner, severity, kind, active, returned, heldWhy, closing } = incident;
    return (
      <section aria-labelledby="incident-title">
        <h3 id="incident-title">
          {severity} {kind}, {placeWords(incident)}
        </h3>
        <p>
          {phase}
          {owner !== null && ` by ${owner}`}
          {heldWhy !== undefined && `: ${heldWhy}`}
          {returned !== null && phase === 'NEW' && `, returned: ${returned}`}, {active ? 'still active' : 'restored'}
          {closing && `, closed by ${closing.by}: ${LABELS[closing.disposition]}`}
        </p>
        {this.#actions()}
        <div class="incident-said" role="alert">
          {shown.said !== undefined && <p class="problem">{shown.said}</p>}
        </div>
        <h4>Members</h4>
        <ul>
          {incident.memberList.map(({ id, sensor, type, active: isActive, acknowledgedBy }) => (
            <li key={id}>
              {type}
              {sensor !== null && `, sensor ${sensor}`}, {isActive ? 'active' : 'restored'}
              {acknowledgedBy !== null && `, acknowledged by ${acknowledgedBy}`}
            </li>
          ))}
        </ul>
        <h4>Custody</h4>
        {incident.historyIsCut && <p class="dim">Earlier events are not held here.</p>}
        <ol class="custody">
          {incident.history.map((happened, i) => (
            <li key={`${i} ${happened.event}`}>
              <time dateTime={happened.at} title={happened.at}>
                {offset(Date.parse(happened.at) - Date.parse(incident.openedAt))}
              </time>
              <div>{happenedWords(happened)}</div>
            </li>
          ))}
        </ol>
      </section>
    );
  }

  #actions() {
    const { store, work, shown, incident } = this.props;
    const { id, owner, phase, membersVersion, active } = incident;
    const draft = store.state.drafts.get(id) ?? '';
    const note = draft.trim();
    const { disposition, standing } = this.state;
    const mayAct = store.mayAct && !shown.isUnderWay;
    const isOpen = phase !== 'CLOSED';
    const isMine = isOpen && owner === store.state.session?.name;
    const mayClose = mayAct && isMine && disposition !== '' && (!active || (standing && note !== ''));
    const close = { membersVersion, disposition, standing: active && standing, ...(note !== '' && { note }) };
    return (
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={!mayAct || !isOpen || owner !== null}
          onClick={() => void work.act(id, { kind: 'take', body: {} })}
        >
          Take
        </button>
        <button type="button" disabled={!mayAct || !isMine} onClick={() => void work.act(id, { kind: 'release', body: {} })}>
          Give back
        </button>
        <label for="incident-note">Note</label>
        <textarea
          id="incident-note"
          rows={2}
          maxLength={NOTE_MAX}
          value={draft}
          onInput={(event) => {
            const { value } = event.currentTarget;
            store.update(({ drafts }) => drafts.set(id, value));
          }}
        />
        <button type="button" disabled={!mayAct || note === ''} onClick={() => void work.act(id, { kind: 'note', body: { note } })}>
          Add note
        </button>
        <fieldset>
          <legend>It turned out to be</legend>
          {(Object.keys(LABELS) as Disposition[]).map((value) => (
            <button key={value} type="button" aria-pressed={disposition === value} onClick={() => this.setState({ disposition: value })}>
              {LABELS[value]}
            </button>
          ))}
        </fieldset>
        <label>
          <input type="checkbox" checked={standing} onInput={(event) => this.setState({ standing: event.currentTarget.checked })} /> Close
          it although something is still active; the note says why
        </label>
        <button type="button" disabled={!mayClose} onClick={() => void work.act(id, { kind: 'close', body: close })}>
          Close incident
        </button>
      </div>
    );
  }
}
