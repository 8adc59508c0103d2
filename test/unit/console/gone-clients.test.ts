/** A client that asks for what no server of ours gives, and is gone before its answers, ends no process. The proxy: proxy/tails.test.ts. */
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { Health } from '../../../runtime/health.ts';
import { startOperations } from '../../../runtime/operations.ts';
import { accessFrom } from '../../support/operations-access.ts';
import { OPERATOR_TOKEN, startTestConsole } from '../../support/console.ts';
import { RawClient } from '../../support/proxy.ts';
import { uncaughtDuring } from '../../support/uncaught.ts';

interface Served {
  readonly port: number;
  stop(): Promise<void>;
}

const SERVERS: Readonly<Record<string, () => Promise<Served>>> = {
  'the console': async () => {
    const on = await startTestConsole();
    return { port: on.console.port, stop: () => on.stop() };
  },
  'the server of a process without HTTP': () =>
    startOperations({ host: '127.0.0.1', port: 0 }, new Health(), new Registry(), accessFrom({})),
};
const TAILS = {
  'a tunnel': 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
  'another protocol': 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'an answer before its body': 'POST /api/alarms HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
  'what is no request': '\0',
};
const TIMES = 20;

describe.each(Object.keys(SERVERS))('%s', (name) => {
  it.each(Object.entries(TAILS))('answers on after a client that asks for %s behind its requests and is gone', async (_, tail) => {
    const served = await SERVERS[name]?.();
    if (!served) return expect.unreachable();
    const get = `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:${served.port}\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\n\r\n`;
    const faults = await uncaughtDuring(async () => {
      for (let i = 0; i < TIMES; i += 1) {
        const client = await RawClient.open(served.port);
        client.send(get.repeat(1 + (i % 4)) + tail);
        // Some are gone while their requests are read, others while they are answered.
        for (let turns = 0; turns < i; turns += 1) await new Promise(setImmediate);
        client.socket.resetAndDestroy();
      }
      expect((await fetch(`http://127.0.0.1:${served.port}/healthz`)).status).toBe(200);
    });
    expect(faults).toEqual([]);
    await served.stop();
  });
});
