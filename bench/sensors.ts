import { createServer } from 'node:net';

/** A port that nothing listens on now, for a server that keeps its port over restarts. */
export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Sends statuses in one request; rejects unless all of them are taken. */
export async function post(port: number, statuses: readonly object[]): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`http://127.0.0.1:${port}/entry`, { method: 'POST', headers, body: JSON.stringify(statuses) });
  await answer.arrayBuffer();
  if (answer.status !== 202) throw new Error(`statuses were answered ${answer.status}`);
}

/** The value of a metric without labels in the text that Prometheus gets. */
export function metricOf(text: string, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}
