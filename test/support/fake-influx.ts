/**
 * The part of InfluxDB that writing needs, for replies that a real one can't be made to give. Keeps points by series and time, as the real one
 * does. Doesn't show what a real server accepts; test/servers/influx does.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** `take`: accepts the points; `cut`: keeps nothing and closes the connection; `lose-reply`: keeps all and closes it; a number: that status. */
export type Reply = 'take' | 'cut' | 'lose-reply' | number | { readonly status: number; readonly body: string };

export interface FakeInflux {
  readonly url: string;
  /** The fields of all accepted points, by series and time. */
  readonly points: ReadonlyMap<string, string>;
  /** Number of lines in each write, in order. */
  readonly writes: readonly number[];
  /** Replies to the next writes, one each; then `reply` again. */
  script(...replies: readonly Reply[]): void;
  /** The answer to every query. */
  answer: (response: ServerResponse) => void;
  close(): Promise<void>;
}

export async function startFakeInflux(reply: (lines: readonly string[]) => Reply = () => 'take'): Promise<FakeInflux> {
  const points = new Map<string, string>();
  const writes: number[] = [];
  const scripted: Reply[] = [];
  const keep = (line: string): void => {
    const [series, fields, time] = line.split(/(?<!\\) /);
    points.set(`${series} ${time}`, fields ?? '');
  };
  const write = (lines: readonly string[], request: IncomingMessage, response: ServerResponse): void => {
    writes.push(lines.length);
    const chosen = scripted.shift() ?? reply(lines);
    if (chosen === 'take' || chosen === 'lose-reply') lines.forEach(keep);
    if (chosen === 'cut' || chosen === 'lose-reply') request.socket.destroy();
    else if (chosen === 'take') response.writeHead(204).end();
    else {
      const { status, body } = typeof chosen === 'number' ? { status: chosen, body: '{"error":"as scripted"}' } : chosen;
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    }
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const sent = Buffer.concat(chunks);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString();
    if (request.url?.startsWith('/write')) write(body.split('\n'), request, response);
    else fake.answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeInflux = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    points,
    writes,
    script: (...replies) => {
      scripted.push(...replies);
    },
    answer: (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"results":[{"statement_id":0}]}\n'),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}
