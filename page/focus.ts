import type { KeyGuard } from './key-guard.ts';

export const isTyping = (target: HTMLElement): boolean =>
  target.matches('input, textarea, select, [contenteditable]') || target.closest('dialog') !== null;

/** For this long after typing in a field, keys still count as meant for it. */
const TYPED_MS = 1_000;

/** Notices when the focused element or a field has vanished: the focus moves to the alarms, and letters that were meant for the field do nothing. */
export function watchFocus(guard: KeyGuard): void {
  let focused: HTMLElement | undefined;
  let typed: { readonly field: HTMLElement; readonly at: number } | undefined;
  document.addEventListener('focusin', ({ target }) => {
    focused = target instanceof HTMLElement ? target : undefined;
  });
  const onKey = ({ target, timeStamp }: KeyboardEvent): void => {
    if (target instanceof HTMLElement && isTyping(target)) typed = { field: target, at: timeStamp };
  };
  const look = (): void => {
    const now = performance.now();
    if (typed && !typed.field.isConnected) {
      if (typed.field === focused || now - typed.at < TYPED_MS) guard.vanished(now);
      typed = undefined;
    }
    if (!focused || focused.isConnected) return;
    focused = undefined;
    if (document.activeElement === document.body) focusWork();
  };
  document.addEventListener('keydown', onKey, { capture: true });
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}

/** Focuses the panel, the rows or the queue, so that something always has the focus. */
export function focusWork(places = ['.panel', '.rows', '.queue']): void {
  const first = places.map((place) => document.querySelector<HTMLElement>(place)).find((element) => element !== null);
  first?.focus({ preventScroll: true });
}
