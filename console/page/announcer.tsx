import { Component } from 'preact';
import type { ListedAlarm } from '../api/schemas.ts';
import { TYPE_WORD, whereWords } from './words.ts';

const GATHER_MS = 5_000;

interface Sentences {
  readonly urgent: string;
  readonly rest: string;
}

/** Says new alarms to screen readers: smoke at once, the rest in one sentence every few seconds. */
export class Announcer extends Component<object, Sentences> {
  override state: Sentences = { urgent: '', rest: '' };
  #gathered: ListedAlarm[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  raised(alarm: ListedAlarm): void {
    if (alarm.severity === 'CRITICAL') {
      this.setState({ urgent: `New alarm: ${TYPE_WORD[alarm.type].toLowerCase()}, ${whereWords(alarm)}` });
      return;
    }
    this.#gathered.push(alarm);
    this.#timer ??= setTimeout(() => {
      const [first] = this.#gathered;
      const number = this.#gathered.length;
      if (first)
        this.setState({
          rest: number === 1 ? `New alarm: ${TYPE_WORD[first.type].toLowerCase()}, ${whereWords(first)}` : `${number} new alarms`,
        });
      this.#gathered = [];
      this.#timer = undefined;
    }, GATHER_MS);
  }

  override render() {
    return (
      <div class="unseen">
        <div aria-live="assertive">{this.state.urgent}</div>
        <div aria-live="polite">{this.state.rest}</div>
      </div>
    );
  }
}
