import { Component } from 'preact';
import { callApi } from './api.ts';
import { clockTime } from './time.ts';

interface Row {
  readonly at: string;
  readonly action: string;
  readonly by: string;
  readonly as: string;
  readonly from: string;
  readonly on: readonly Readonly<Record<string, string | number>>[];
  readonly count: number;
  readonly chain: string;
  readonly n: number;
}

interface Page {
  readonly rows: readonly Row[];
  readonly cursor: string | null;
}

interface State {
  readonly rows: readonly Row[];
  readonly cursor: string | null;
  readonly loading: boolean;
  readonly problem: string | undefined;
  readonly user: string;
  readonly action: string;
}

const THINGS_SHOWN = 3;

/** The audit trail, newest first, by user and action. */
export class AuditTable extends Component<{ readonly now: number }, State> {
  override state: State = { rows: [], cursor: null, loading: false, problem: undefined, user: '', action: '' };

  override componentDidMount(): void {
    void this.#load([], '');
  }

  /** Adds a page to these rows. */
  async #load(before: readonly Row[], cursor: string): Promise<void> {
    this.setState({ loading: true, problem: undefined });
    const { user, action } = this.state;
    const query = new URLSearchParams({ limit: '100' });
    for (const [name, value] of Object.entries({ user: user.trim(), action: action.trim(), cursor }))
      if (value !== '') query.set(name, value);
    const { body, error } = await callApi<Page>('GET', `/api/audit?${query}`);
    if (error === undefined && body) this.setState({ rows: [...before, ...body.rows], cursor: body.cursor, loading: false });
    else this.setState({ problem: error, loading: false });
  }

  override render() {
    const { rows, cursor, loading, problem, user, action } = this.state;
    return (
      <>
        <form
          class="filter"
          onSubmit={(event) => {
            event.preventDefault();
            void this.#load([], '');
          }}
        >
          <label>
            User or token <input value={user} maxLength={200} onInput={(event) => this.setState({ user: event.currentTarget.value })} />
          </label>
          <label>
            Action <input value={action} maxLength={40} onInput={(event) => this.setState({ action: event.currentTarget.value })} />
          </label>
          <button type="submit">Show</button>
        </form>
        {problem !== undefined && <p role="alert">{problem}</p>}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section class="table" tabIndex={0} aria-labelledby="audit-title">
          <table aria-labelledby="audit-title">
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Who</th>
                <th scope="col">Action</th>
                <th scope="col">On</th>
                <th scope="col">From</th>
              </tr>
            </thead>
            <tbody>{rows.map((row) => this.#row(row))}</tbody>
          </table>
          {rows.length === 0 && !loading && problem === undefined && (
            <p>Nothing of that kind{cursor === null ? '' : ' among the newest rows'}.</p>
          )}
        </section>
        {cursor !== null && (
          <button type="button" class="quiet" disabled={loading} onClick={() => void this.#load(rows, cursor)}>
            Older rows
          </button>
        )}
      </>
    );
  }

  #row({ at, action, by, as, from, on, count, chain, n }: Row) {
    return (
      <tr key={`${chain} ${n}`}>
        <td>
          <time dateTime={at}>{clockTime(Date.parse(at), this.props.now)}</time>
        </td>
        <td>
          {by === '' ? 'unknown' : by}
          {as === 'claimed' && ' (claimed)'}
        </td>
        <td>
          {action}
          {count > 1 && ` × ${count}`}
        </td>
        <td>{thingsIn(on)}</td>
        <td>{from}</td>
      </tr>
    );
  }
}

function thingsIn(on: Row['on']): string {
  const words = on.slice(0, THINGS_SHOWN).map((thing) =>
    Object.entries(thing)
      .map(([name, value]) => `${name} ${value}`)
      .join(' '),
  );
  return words.join(', ') + (on.length > THINGS_SHOWN ? ` and ${on.length - THINGS_SHOWN} more` : '');
}
