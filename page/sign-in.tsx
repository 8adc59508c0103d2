import { Component } from 'preact';
import { callApi } from './api.ts';
import type { Operator } from './operator.ts';

interface Props {
  readonly operator: Operator;
  readonly by: 'password' | 'token';
  readonly problem: string | undefined;
}

interface FormState {
  readonly secret: string;
  readonly name: string;
  readonly hint: string | undefined;
}

/** Accepts a whole link, too. */
function tokenIn(text: string): string {
  return text.trim().split('#token=').at(-1) ?? '';
}

/** For people without a sign-in link. */
export class SignIn extends Component<Props, FormState> {
  override state: FormState = { secret: '', name: '', hint: undefined };

  override render() {
    const { operator, by, problem } = this.props;
    const { secret, name, hint } = this.state;
    const byPassword = by === 'password';
    const nameField = (
      <>
        <label for="name">{byPassword ? 'Your name' : 'Your name, shown with what you do'}</label>
        <input
          id="name"
          maxLength={40}
          autoComplete="username"
          required={byPassword}
          value={name}
          onInput={(event) => this.setState({ name: event.currentTarget.value })}
        />
      </>
    );
    const secretField = (
      <>
        <label for={by}>{byPassword ? 'Password' : 'Token'}</label>
        <input
          id={by}
          type="password"
          autoComplete="current-password"
          required
          value={secret}
          onInput={(event) => this.setState({ secret: event.currentTarget.value })}
        />
      </>
    );
    return (
      <main class="sign-in">
        <h1>TOCSIN</h1>
        <p>
          The console shows alarms and the people behind them: sign in with{' '}
          {byPassword ? 'your name and your password.' : 'the link that it showed when it started, or with a token.'}
        </p>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void operator.signIn(byPassword ? { name, password: secret } : { name, token: tokenIn(secret) });
          }}
        >
          {byPassword ? [nameField, secretField] : [secretField, nameField]}
          {problem && (
            <p class="problem" role="alert">
              {problem}
            </p>
          )}
          <button type="submit" class="primary">
            Sign in
          </button>
        </form>
        {!byPassword && (
          <p class="dim">
            No link?{' '}
            <button type="button" class="quiet" onClick={this.#askForLink}>
              Show a new one where the console runs
            </button>
          </p>
        )}
        <p class="dim" role="status">
          {hint}
        </p>
      </main>
    );
  }

  readonly #askForLink = async (): Promise<void> => {
    const { error } = await callApi('POST', '/api/session/link');
    this.setState({
      hint: error ?? 'The link is on the terminal of the console, or in the file that its log names. It works for a quarter of an hour.',
    });
  };
}
