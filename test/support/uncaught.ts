/** What would have ended the process while `work` was done: errors that nobody listened to. */
export async function uncaughtDuring(work: () => Promise<void>): Promise<readonly unknown[]> {
  const faults: unknown[] = [];
  const note = (fault: unknown): unknown => faults.push(fault);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', note);
  try {
    await work();
  } finally {
    process.off('uncaughtException', note);
    for (const listener of others) process.on('uncaughtException', listener);
  }
  return faults;
}
