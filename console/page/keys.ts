import type { Operator } from './operator.ts';
import type { Store } from './store.ts';

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.matches('input, textarea, select') || target.closest('dialog') !== null);

/** Commands of the keyboard. While someone types only Esc counts. */
export function listenForKeys(store: Store, operator: Operator): void {
  const move = (step: number): void => {
    const alarms = store.sorted();
    const at = alarms.findIndex(({ id }) => id === store.state.selected);
    const next = alarms[Math.max(0, Math.min(alarms.length - 1, at < 0 ? 0 : at + step))];
    if (next) operator.select(next.id);
  };
  const commands: Readonly<Record<string, () => void>> = {
    j: () => move(1),
    k: () => move(-1),
    n: () => operator.openFirstNew(),
    a: () => void operator.acknowledge(),
    o: () => document.getElementById('note')?.focus(),
    '?': () => store.set({ help: true }),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Home: () => operator.select(store.sorted()[0]?.id),
    Enter: () => store.state.selected !== undefined && operator.open(store.state.selected),
  };
  window.addEventListener('keydown', (event) => {
    if (!store.state.session || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' && !(event.target instanceof Element && event.target.closest('dialog'))) {
      if (isTyping(event.target)) (event.target as HTMLElement).blur();
      else operator.close();
      focusQueue();
      return;
    }
    if (isTyping(event.target)) return;
    // A button that has the focus is pressed by Enter itself.
    if (event.key === 'Enter' && event.target instanceof HTMLElement && event.target.matches('button, a')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key.length === 1 && !store.state.singleKeys) return;
    const command = Object.hasOwn(commands, key) ? commands[key] : undefined;
    if (!command) return;
    event.preventDefault();
    command();
  });
}

function focusQueue(): void {
  document.querySelector<HTMLElement>('.rows')?.focus();
}
