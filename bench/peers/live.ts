import { get } from 'node:http';

/** Follows the console's live stream and calls `onRaised` with the sensor of every raised alarm. Resolves once the stream is open. */
export function followLive(consoleUrl: string, token: string, onRaised: (sensor: number) => void): Promise<{ close(): void }> {
  return new Promise((resolve, reject) => {
    const request = get(`${consoleUrl.replace(/\/$/, '')}/api/live`, {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    });
    request.once('error', reject);
    request.once('response', (response) => {
      if (response.statusCode !== 200) return reject(new Error(`the live stream answered ${response.statusCode}`));
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) raisedIn(block, onRaised);
      });
      resolve({ close: () => request.destroy() });
    });
  });
}

function raisedIn(block: string, onRaised: (sensor: number) => void): void {
  if (!/^event: ?alarm$/m.test(block)) return;
  const data = /^data: ?(.*)$/m.exec(block)?.[1];
  if (!data) return;
  const { event, alarm } = JSON.parse(data) as { event?: string; alarm?: { sensor: number; version: number } };
  if (alarm && (event === 'raised' || alarm.version === 1)) onRaised(alarm.sensor);
}
