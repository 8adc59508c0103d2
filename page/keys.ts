import { focusWork, isTyping } from './focus.ts';
import type { Highlight } from './highlight.ts';
import type { KeyGuard } from './key-guard.ts';
import type { Operator } from './operator.ts';
import { isInView } from './queue.tsx';
import type { Store } from './store.ts';

const STEPS: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
/** Controls that Enter presses by itself. */
const PRESSED_BY_ENTER = 'button, a, summary';

/** Keyboard commands. In a text field only Esc is one. A key acts on the highlighted alarm, or a message says why it doesn't. */
export class Keys {
  readonly #store: Store;
  readonly #operator: Operator;
  readonly #guard: KeyGuard;
  readonly #highlight: Highlight;

  constructor(store: Store, operator: Operator, guard: KeyGuard, highlight: Highlight) {
    this.#store = store;
    this.#operator = operator;
    this.#guard = guard;
    this.#highlight = highlight;
  }

  listen(): void {
    window.addEventListener('keydown', this.#onKey);
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const { session, help, people, several, incidents } = this.#store.state;
    if (
      !session ||
      help ||
      people ||
      several ||
      incidents ||
      event.isComposing ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      event.getModifierState('AltGraph')
    )
      return;
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (event.key === 'Escape') this.#escape(target);
    else if (!isTyping(target)) this.#onCommand(event, target);
  };

  #onCommand(event: KeyboardEvent, target: HTMLElement): void {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (this.#guard.swallows(key, performance.now())) {
      event.preventDefault();
      if (key.length === 1) this.#store.say('The field you typed in is gone: keys do nothing until you pause for a second.');
      return;
    }
    if (this.#isForTheControl(key, target) || (key.length === 1 && !this.#store.state.singleKeys)) return;
    const command = Object.hasOwn(this.#commands, key) ? this.#commands[key] : undefined;
    if (!command && !Object.hasOwn(STEPS, key)) return;
    event.preventDefault();
    if (command && !event.repeat) command(event.timeStamp);
    else if (!command) this.#step(STEPS[key] ?? 0);
  }

  /** Whether the focused element handles the key: buttons and links handle Enter, and arrow keys scroll the panel. */
  #isForTheControl(key: string, target: HTMLElement): boolean {
    if (key === 'Enter') return target.closest(PRESSED_BY_ENTER) !== null;
    return key.startsWith('Arrow') && target.closest('.panel, .sensor-lists') !== null;
  }

  readonly #commands: Readonly<Record<string, (pressedAt: number) => void>> = {
    n: () => this.#operator.openFirstNew(),
    a: (pressedAt) => this.#onCurrent(pressedAt, (id) => this.#operator.acknowledge(id)),
    o: () => this.#writeNote(),
    s: () => this.#operator.askAboutSeveral(),
    '?': () => this.#store.set({ help: true }),
    Home: () => this.#operator.goToFirst(),
    Enter: (pressedAt) => this.#onCurrent(pressedAt, (id) => this.#operator.open(id)),
  };

  #step(by: number): void {
    const alarms = this.#store.shown();
    const at = alarms.findIndex(({ id }) => id === this.#store.state.current);
    const next = alarms[Math.max(0, Math.min(alarms.length - 1, at < 0 ? 0 : at + by))];
    if (next) this.#operator.select(next.id);
  }

  /** Acts only on an alarm that the operator could see when the key was pressed. */
  #onCurrent(pressedAt: number, act: (id: string) => void): void {
    const { current, panel, alarms } = this.#store.state;
    const say = (why: string): void => this.#store.say(`Nothing was done: ${why}`);
    if (current === undefined || (panel === 'none' && !alarms.has(current)))
      say('no alarm is highlighted. N opens the first new one, J and K move.');
    else if (!this.#highlight.wasShown(current, pressedAt)) say('another alarm was highlighted when you pressed the key.');
    else if (panel === 'none' && !isInView(current)) {
      say('the highlighted alarm was out of view. Here it is.');
      this.#store.update((state) => {
        state.reveals += 1;
      });
    } else act(current);
  }

  #writeNote(): void {
    const note = document.getElementById('note');
    if (note) note.focus();
    else this.#store.say('Open an alarm to write a note: Enter.');
  }

  #escape(target: HTMLElement): void {
    if (target.closest('dialog')) return;
    if (isTyping(target)) target.blur();
    else this.#operator.close();
    focusWork(['.rows', '.queue']);
  }
}
