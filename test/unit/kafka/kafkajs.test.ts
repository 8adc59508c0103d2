import { createHook } from 'node:async_hooks';
import { createRequire } from 'node:module';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, type Broker, createCluster, type KafkajsCluster, repair } from '../../../kafka/kafkajs.ts';

const API_VERSIONS = 18;

let broker: FakeBroker;
let cluster: KafkajsCluster;
afterEach(async () => {
  await cluster.disconnect();
  await broker.close();
});

/** A connection to the test's own broker, with our repairs. */
async function connected(requestTimeout = 1_000): Promise<Broker> {
  broker = await FakeBroker.listen();
  cluster = createCluster(
    {
      brokers: [`127.0.0.1:${broker.port}`],
      clientId: 'test',
      connectionTimeout: 1_000,
      authenticationTimeout: 1_000,
      requestTimeout,
      socketFactory: ({ host, port, onConnect }) => net.connect({ host, port }, onConnect),
    },
    pino({ level: 'silent' }),
  );
  repair(cluster);
  await cluster.connect();
  return cluster.brokerPool.seedBroker as Broker;
}

describe('a connection that broke in the middle of an answer', () => {
  it('is understood again once it is connected again', async () => {
    const seed = await connected();
    broker.breaksNext = true;
    await expect(ask(seed, 'ApiVersions', {})).rejects.toThrow();
    await expect(ask(seed, 'ApiVersions', {})).resolves.toMatchObject({ apiVersions: [{ apiKey: API_VERSIONS }] });
    expect(broker.connections).toBe(2);
  });
});

describe('a connection on which no answer comes in time', () => {
  it('is given up: the next request gets a new one', async () => {
    const seed = await connected(100);
    broker.silent = true;
    await expect(ask(seed, 'ApiVersions', {})).rejects.toThrow('timed out');
    broker.silent = false;
    await expect.poll(() => seed.connectionPool.pool[0]?.isConnected()).toBe(false);
    await expect(ask(seed, 'ApiVersions', {})).resolves.toMatchObject({ apiVersions: [{ apiKey: API_VERSIONS }] });
    expect(broker.connections).toBe(2);
  });
});

describe('an idle connection', () => {
  it('costs next to nothing', async () => {
    const seed = await connected();
    await ask(seed, 'ApiVersions', {});
    let timers = 0;
    const counting = createHook({
      init: (_id, type) => {
        if (type === 'Timeout') timers += 1;
      },
    }).enable();
    await sleep(200);
    counting.disable();
    expect(timers).toBeLessThan(10);
  });
});

describe('a coordinator that cannot answer', () => {
  it.each([14, 15, 16])('is not called that of a group, since it may be that of a transaction or a producer (error %i)', (code) => {
    const { createErrorFromCode } = createRequire(import.meta.url)('kafkajs/src/protocol/error') as {
      createErrorFromCode(code: number): Error;
    };
    expect(createErrorFromCode(code).message).toContain('coordinator');
    expect(createErrorFromCode(code).message).not.toContain('group');
  });
});

/** A stand-in for a broker whose answers break off where the test says; it knows one request. */
class FakeBroker {
  /** The next answer breaks off in the middle, together with the connection. */
  breaksNext = false;
  silent = false;
  connections = 0;
  readonly #server: net.Server;

  private constructor(server: net.Server) {
    this.#server = server;
  }

  static async listen(): Promise<FakeBroker> {
    const server = net.createServer();
    const broker = new FakeBroker(server);
    server.on('connection', (socket) => {
      broker.connections += 1;
      socket.on('error', () => undefined);
      socket.on('data', (request) => broker.#answer(socket, request));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return broker;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #answer(socket: net.Socket, request: Buffer): void {
    if (this.silent) return;
    // Length, correlation id, no error, one API in versions 0 to 2, throttling.
    const answer = Buffer.alloc(4 + 4 + 2 + 4 + 6 + 4);
    answer.writeInt32BE(answer.length - 4, 0);
    request.copy(answer, 4, 8, 12);
    answer.writeInt32BE(1, 10);
    answer.writeInt16BE(API_VERSIONS, 14);
    answer.writeInt16BE(2, 18);
    if (!this.breaksNext) socket.write(answer);
    else socket.write(answer.subarray(0, 10), () => socket.destroy());
    this.breaksNext = false;
  }
}
