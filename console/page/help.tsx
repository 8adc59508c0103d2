import { Component, createRef } from 'preact';

const KEYS: readonly (readonly [string, string])[] = [
  ['N', 'open the first new alarm'],
  ['J K or ↓ ↑', 'next or previous alarm'],
  ['Enter', 'open the highlighted alarm'],
  ['A', 'acknowledge it'],
  ['O', 'write a note'],
  ['Home', 'to the most urgent alarm, and nothing holds the list'],
  ['Esc', 'close the alarm'],
  ['?', 'this list'],
];

interface Props {
  readonly singleKeys: boolean;
  readonly onSingleKeys: (on: boolean) => void;
  readonly onClose: () => void;
}

export class Help extends Component<Props> {
  readonly #dialog = createRef<HTMLDialogElement>();

  override componentDidMount(): void {
    this.#dialog.current?.showModal();
  }

  override render() {
    const { singleKeys, onSingleKeys, onClose } = this.props;
    return (
      <dialog ref={this.#dialog} onClose={onClose} aria-labelledby="help-title">
        <h2 id="help-title">Keys</h2>
        <dl class="keys">
          {KEYS.map(([key, meaning]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
        <h3>Shapes</h3>
        <p>
          Triangle: smoke. Diamond: heat. Circle: motion. Filled: active; hollow: restored. A blinking bar: not acknowledged yet. A hollow
          square on the map: a sensor with a fault.
        </p>
        <p>
          <label>
            <input type="checkbox" checked={singleKeys} onChange={(event) => onSingleKeys(event.currentTarget.checked)} /> Letters are
            commands
          </label>
        </p>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    );
  }
}
