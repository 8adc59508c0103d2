import type { KeyGuard } from './key-guard.ts';

export const isTyping = (target: HTMLElement): boolean =>
  target.matches('input, textarea, select, [contenteditable]') || target.closest('dialog') !== null;

/** Who has typed in a field so shortly before still means it. */
const TYPED_MS = 1_000;

/** Notices when a field or what had the focus is gone: then the focus goes where the work is, and letters that were meant for a field do nothing. */
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

/** The focus is never nowhere. */
export function focusWork(places = ['.panel', '.rows', '.queue']): void {
  const first = places.map((place) => document.querySelector<HTMLElement>(place)).find((element) => element !== null);
  first?.focus({ preventScroll: true });
}
