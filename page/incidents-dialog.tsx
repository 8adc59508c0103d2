import { Component, createRef } from 'preact';
import { IncidentPanel } from './incident-panel.tsx';
import { placeWords } from './incident-words.ts';
import type { IncidentWork } from './incident-work.ts';
import type { IncidentsShown } from './incidents-shown.ts';
import type { Store } from './store.ts';
import { age, counted } from './time.ts';

interface Props {
  readonly store: Store;
  readonly work: IncidentWork;
  readonly shown: IncidentsShown;
  readonly now: number;
}

/** The open incidents, the gravest and oldest first, and the one that was chosen. */
export class IncidentsDialog extends Component<Props> {
  readonly #dialog = createRef<HTMLDialogElement>();

  override componentDidMount(): void {
    this.#dialog.current?.showModal();
  }

  override render() {
    const { store, work, shown, now } = this.props;
    const { list, hasMore, problems, opened } = shown;
    return (
      <dialog ref={this.#dialog} class="incidents" onClose={() => work.close()} aria-labelledby="incidents-title">
        <h2 id="incidents-title">{`${counted(list.length, 'open incident')}${hasMore ? ', and more' : ''}`}</h2>
        {problems.map((problem) => (
          <p key={problem} class="problem" role="status">
            {problem}
          </p>
        ))}
        <div class="incident-columns">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must reach it */}
          <ul class="incident-list" aria-label="Open incidents, the gravest first" tabIndex={0}>
            {list.map((incident) => (
              <li key={incident.id}>
                <button
                  type="button"
                  class={`incident-row ${incident.severity.toLowerCase()}`}
                  aria-pressed={incident.id === opened?.id}
                  onClick={() => void work.open(incident.id)}
                >
                  <b>{incident.severity}</b> {incident.kind}
                  {incident.confirmed && ', confirmed'} <span class="incident-phase">{incident.phase}</span>
                  <span class="dim">
                    {placeWords(incident)} · {counted(incident.members, 'member')}
                    {incident.active ? '' : ', restored'} · {age(now - Date.parse(incident.openedAt))}
                    {incident.owner !== null && ` · ${incident.owner}`}
                  </span>
                </button>
              </li>
            ))}
          </ul>
          <div class="incident-detail">
            {opened ? (
              <IncidentPanel key={opened.id} store={store} work={work} shown={shown} incident={opened} />
            ) : (
              <p class="dim">Choose an incident to see its members and what has happened to it.</p>
            )}
          </div>
        </div>
        <form method="dialog">
          <button type="submit">Close this view</button>
        </form>
      </dialog>
    );
  }
}
