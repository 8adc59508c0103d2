/** Resolves once `work` has, or at a stop; rejects as `work` does before that. */
export function orStopped(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve();
    signal.addEventListener('abort', stop, { once: true });
    work.then(() => resolve(), reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
