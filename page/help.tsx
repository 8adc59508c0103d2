import { Component, createRef } from 'preact';
import type { KnownTypes } from './types.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['N', 'open the first new alarm'],
  ['J K or ↓ ↑', 'next or previous alarm'],
  ['Enter', 'open the highlighted alarm'],
  ['A', 'acknowledge it'],
  ['O', 'write a note'],
  ['S', 'acknowledge several: those in view, or all in the list'],
  ['Home', 'go to the most urgent alarm, and let the list move again'],
  ['Esc', 'close the alarm'],
  ['?', 'this list'],
];

interface Props {
  readonly types: KnownTypes;
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
    const { types, singleKeys, onSingleKeys, onClose } = this.props;
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
          {shapeWords(types)} Filled: active; hollow: restored. A blinking bar: not acknowledged yet. A small hollow square on the map: a
          sensor with a fault.
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

/** Each shape with its types. */
function shapeWords({ gravestFirst }: KnownTypes): string {
  const shapes = [...new Set(gravestFirst.map(({ shape }) => shape))];
  const typesOf = (shape: string): string => gravestFirst.flatMap((type) => (type.shape === shape ? [type.text] : [])).join(', ');
  return shapes.map((shape) => `${shape.charAt(0).toUpperCase()}${shape.slice(1)}: ${typesOf(shape)}.`).join(' ');
}
