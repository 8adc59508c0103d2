import type { SystemProcess } from './system.ts';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The values of a metric of one process with their labels; empty if it has none. Rejects if the process doesn't answer. */
export async function samplesOf(process: SystemProcess, metric: string): Promise<readonly Sample[]> {
  const text = await (await fetch(`${process.operationsUrl}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^${metric}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))].map(([, labels = '', value]) => ({
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, text]) => [name, text])),
    value: Number(value),
  }));
}
