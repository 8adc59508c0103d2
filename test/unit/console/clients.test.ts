import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Connections } from '../../../console/security/connections.ts';
import { among, isNetwork, networkOf } from '../../../runtime/network.ts';
import { call, OPERATOR_TOKEN, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';

const closing: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server that delays the answers of /slow, and treats an address as one client; connections from even ports may count as a proxy's. */
async function serverWith(limits: { max: number; perNetworkMax: number; isProxy?: (port: number) => boolean }) {
  const server: Server = createServer((request, response) => {
    if (request.url !== '/slow') response.end('here');
    else response.writeHead(200).write('wait');
  });
  const connections = new Connections(server, {
    ...limits,
    networkOf: ({ remoteAddress, remotePort = 0 }) => (limits.isProxy?.(remotePort) ? undefined : remoteAddress),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const { port } = server.address() as AddressInfo;
  const open = async (text = ''): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    closing.push(() => socket.destroy());
    await once(socket, 'connect');
    if (text !== '') socket.write(text);
    return socket;
  };
  return { connections, open, port };
}

const answered = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0]).split('\r\n', 1)[0] ?? '';
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const SLOW = 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n';

describe('a client with many connections', () => {
  it.each([
    ['that say nothing', ''],
    ['that drip', 'GET / HTTP/1.1\r\nHo'],
    ['whose bodies never come', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n1'],
  ])('%s shuts nobody out, not even at its own address', async (_, text) => {
    const { connections, open } = await serverWith({ max: 1_000, perNetworkMax: 20 });
    const served = await open(SLOW);
    await once(served, 'data');
    const idle: Socket[] = [];
    for (let i = 0; i < 100; i += 1) idle.push(await open(text));
    await vi.waitFor(() => expect(connections.size).toBeLessThanOrEqual(20));
    const good = await open(GET);
    expect(await answered(good)).toBe('HTTP/1.1 200 OK');
    expect([served.destroyed, served.readyState]).toEqual([false, 'open']);
    expect(connections.closed).toBeGreaterThanOrEqual(80);
  });

  it('is refused the next one while all of them are being answered', async () => {
    const { connections, open } = await serverWith({ max: 1_000, perNetworkMax: 3 });
    for (let i = 0; i < 3; i += 1) await once(await open(SLOW), 'data');
    const more = await open(GET);
    await once(more, 'close');
    expect(connections.size).toBe(3);
  });

  it('as a reverse proxy may use all connections, and gives way to no address', async () => {
    const { connections, open } = await serverWith({ max: 30, perNetworkMax: 3, isProxy: () => true });
    for (let i = 0; i < 40; i += 1) await open();
    await vi.waitFor(() => expect(connections.size).toBe(30));
    expect(await answered(await open(GET))).toBe('HTTP/1.1 200 OK');
  });

  it('that asks on and on behind an answer without an end is closed, and one that asks before its answer has come is not', async () => {
    const { connections, open } = await serverWith({ max: 30, perNetworkMax: 30 });
    const several = await open(GET.repeat(5));
    let text = '';
    several.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    await vi.waitFor(() => expect(text.split('200 OK')).toHaveLength(6));
    several.write(GET.repeat(5));
    await vi.waitFor(() => expect(text.split('200 OK')).toHaveLength(11));
    const endless = await open(SLOW + GET.repeat(100));
    await once(endless, 'close');
    expect([connections.size, connections.closed]).toEqual([1, 1]);
  });

  it('lets go of what is closed', async () => {
    const { connections, open } = await serverWith({ max: 30, perNetworkMax: 3 });
    for (let i = 0; i < 10; i += 1) {
      const socket = await open(GET);
      await answered(socket);
      socket.destroy();
      await vi.waitFor(() => expect(connections.size).toBe(0));
    }
    expect(connections.closed).toBe(0);
  });
});

describe('an address', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:0db8:0000:00a0:1:2:3:4', '2001:db8:0:a0'],
    ['1::2:3:4:5:6', '1:0:0:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['', ''],
  ])('%s is of the client %s', (address, client) => {
    expect(networkOf(address)).toBe(client);
  });

  it('is among those that are named, as it is or by its network', () => {
    const isProxy = among(['10.0.0.7', '192.168.0.0/16', '2001:db8::/32']);
    expect(['10.0.0.7', '::ffff:192.168.3.4', '2001:db8:9::1'].every(isProxy)).toBe(true);
    expect(['10.0.0.8', '::ffff:172.16.0.1', '2001:db9::1', '', undefined].some(isProxy)).toBe(false);
    expect(['10.0.0.7', '10.0.0.0/8', '::/0'].every(isNetwork)).toBe(true);
    expect(['10.0.0', 'proxy', '10.0.0.0/33', '::/129', '10.0.0.0/8/8', '10.0.0.0/', ''].some(isNetwork)).toBe(false);
  });
});

describe('wrong tokens', () => {
  const wrong = { token: 'a-token-that-nobody-knows' };
  let on: TestConsole;
  const start = async (environment: Record<string, string>): Promise<void> => {
    on = await startTestConsole({ processor: false, environment });
    closing.push(() => on.stop());
  };
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
  const statuses = async (times: number, options: object): Promise<number[]> =>
    await Promise.all(Array.from({ length: times }, async () => (await call(on, '/api/alarms', { ...wrong, ...options })).status));

  it('as bearers are answered 401, and 429 beyond ten in a minute; the right one works, from the same address too', async () => {
    await start({});
    expect((await statuses(30, {})).toSorted()).toEqual([
      ...Array.from({ length: 10 }, () => 401),
      ...Array.from({ length: 20 }, () => 429),
    ]);
    const { status, headers } = await call(on, '/api/alarms', wrong);
    expect([status, Number(headers.get('retry-after'))]).toEqual([429, expect.closeTo(30, -2)]);
    expect((await call(on, '/api/alarms', { token: VIEWER_TOKEN })).status).toBe(200);
    const body = { token: OPERATOR_TOKEN };
    expect((await call(on, '/api/session', { token: null, body, headers: { origin: on.console.url } })).status).toBe(200);
  });

  it('slow only who sent them, behind a proxy that is named', async () => {
    await start({ TOCSIN_CONSOLE_PROXIES: '127.0.0.1' });
    await statuses(11, from('203.0.113.9'));
    expect(await statuses(1, from('203.0.113.9'))).toEqual([429]);
    expect(await statuses(1, from('203.0.113.10'))).toEqual([401]);
  });

  it('cannot be spread over addresses that a client names itself', async () => {
    await start({});
    for (let i = 0; i < 11; i += 1) await statuses(1, from(`203.0.113.${i}`));
    expect(await statuses(1, from('203.0.113.99'))).toEqual([429]);
  });
});

describe('the trust in this machine', () => {
  const metrics = async (on: TestConsole, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(`http://127.0.0.1:${on.console.port}/metrics`, { headers })).status;

  it('ends where a proxy passes on what others ask', async () => {
    const on = await startTestConsole({ processor: false });
    closing.push(() => on.stop());
    expect(await metrics(on)).toBe(200);
    for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'])
      expect(await metrics(on, { [name]: '203.0.113.9' }), name).not.toBe(200);
    const link = await call(on, '/api/session/link', {
      method: 'POST',
      token: null,
      headers: { origin: on.console.url, 'x-forwarded-for': '203.0.113.9' },
    });
    expect(link.status).toBe(403);
  });

  it('ends with it: callers who are not signed in learn that the console is not ready, and operators why', async () => {
    const on = await startTestConsole({ processor: false, environment: { TOCSIN_CONSOLE_URL: 'https://alarms.example.org' } });
    closing.push(() => on.stop());
    on.health.report('log', 'broker kafka-1 does not answer');
    const readiness = async (token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const answer = await fetch(`http://127.0.0.1:${on.console.port}/readyz`, { headers });
      return [answer.status, await answer.text()];
    };
    for (const token of [undefined, VIEWER_TOKEN, 'a token that is not known'])
      expect(await readiness(token)).toEqual([503, '{"status":"not ready"}']);
    expect(await readiness(OPERATOR_TOKEN)).toEqual([503, expect.stringContaining('kafka-1')]);
    expect(await metrics(on, { authorization: `Bearer ${VIEWER_TOKEN}` })).toBe(200);
  });

  it('ends where the console has a name for others, or a proxy: no link signs in, and nothing is open', async () => {
    for (const environment of [{ TOCSIN_CONSOLE_URL: 'https://alarms.example.org' }, { TOCSIN_CONSOLE_PROXIES: '10.0.0.7' }]) {
      const on = await startTestConsole({ processor: false, environment });
      closing.push(() => on.stop());
      expect(await metrics(on)).not.toBe(200);
      expect(on.console.signInUrl).not.toContain('token');
    }
  });
});

it('does nothing for requests that came in one piece with the one for which their connection was closed', async () => {
  const on = await startTestConsole({ processor: false });
  closing.push(() => on.stop());
  const { port } = new URL(on.console.url);
  const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
  closing.push(() => socket.destroy());
  // Each wrong token is answered, and counted until there were ten.
  socket.write(
    `GET /api/alarms HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer a-token-that-nobody-knows\r\n\r\n`.repeat(100),
  );
  socket.resume();
  await once(socket, 'close');
  expect((await call(on, '/api/alarms', { token: 'a-token-that-nobody-knows' })).status).toBe(401);
});
