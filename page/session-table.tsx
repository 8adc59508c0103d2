import { Component } from 'preact';
import { callApi } from './api.ts';
import { age } from './time.ts';

interface Session {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly since: string;
  readonly usedAt: string;
  readonly own: boolean;
}

interface State {
  readonly sessions: readonly Session[] | undefined;
  readonly problem: string | undefined;
}

/** The browsers that are signed in, each with a button to sign it out. */
export class SessionTable extends Component<{ readonly now: number }, State> {
  override state: State = { sessions: undefined, problem: undefined };

  override componentDidMount(): void {
    void this.#load();
  }

  async #load(): Promise<void> {
    const { body, error } = await callApi<{ readonly sessions: readonly Session[] }>('GET', '/api/sessions');
    this.setState({ sessions: error === undefined ? body?.sessions : this.state.sessions, problem: error });
  }

  async #signOut(session: Session): Promise<void> {
    const { error } = await callApi('DELETE', `/api/sessions/${session.id}`);
    if (error === undefined) await this.#load();
    else this.setState({ problem: `${session.name} is still signed in: ${error}` });
  }

  override render() {
    const { sessions, problem } = this.state;
    return (
      <div class="table">
        {problem !== undefined && <p role="alert">{problem}</p>}
        {sessions && (
          <table aria-labelledby="people-title">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Role</th>
                <th scope="col">Signed in for</th>
                <th scope="col">Last used</th>
                <th scope="col">
                  <span class="unseen">Action</span>
                </th>
              </tr>
            </thead>
            <tbody>{sessions.map((session) => this.#row(session))}</tbody>
          </table>
        )}
      </div>
    );
  }

  #row(session: Session) {
    const since = (time: string): string => age(this.props.now - Date.parse(time));
    return (
      <tr key={session.id}>
        <td>{session.name}</td>
        <td>{session.role}</td>
        <td>{since(session.since)}</td>
        <td>{since(session.usedAt)} ago</td>
        <td>
          {session.own ? (
            'this browser'
          ) : (
            <button type="button" class="quiet" aria-label={`Sign out ${session.name}`} onClick={() => void this.#signOut(session)}>
              Sign out
            </button>
          )}
        </td>
      </tr>
    );
  }
}
