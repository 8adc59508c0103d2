/** A proxy on a free port with a log in memory, and clients that speak to it byte by byte. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { TypeSet } from '../../alarm/type-set.ts';
import { type ProxyConfig, proxySettings } from '../../proxy/config.ts';
import { startProxy } from '../../proxy/proxy.ts';
import { readSettings } from '../../runtime/configuration.ts';
import { Health } from '../../runtime/health.ts';
import { accessFrom } from './operations-access.ts';
import { MemoryLog } from './memory-log.ts';
import { REFERENCE } from './alarm-types.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

export interface TestProxy {
  readonly log: MemoryLog;
  readonly port: number;
  readonly url: string;
  readonly health: Health;
  readonly registry: Registry;
  stop(): Promise<void>;
  post(path: string, body: string | Buffer, headers?: Record<string, string>): Promise<TestAnswer>;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  json(): unknown;
}

export async function testProxy(
  settings: Record<`TOCSIN_${string}`, string> = {},
  options: {
    readonly log?: MemoryLog;
    readonly drainMs?: number;
    readonly types?: TypeSet;
    readonly isUnknown?: (sensor: number) => boolean;
  } = {},
): Promise<TestProxy> {
  const config: ProxyConfig = {
    ...readSettings(proxySettings, { TOCSIN_INGEST_PORT: '0', TOCSIN_INGEST_CONNECTIONS_MAX: '1000', ...settings }),
    host: '127.0.0.1',
  };
  const log = options.log ?? new MemoryLog();
  const health = new Health();
  const registry = new Registry();
  const proxy = await startProxy(config, {
    log,
    types: options.types ?? REFERENCE,
    clock: () => NOW,
    logger: pino({ level: 'silent' }),
    registry,
    health,
    operationsAccess: accessFrom({ urls: config.urls }),
    drainMs: options.drainMs ?? 1_000,
    isUnknown: options.isUnknown,
  });
  const url = `http://127.0.0.1:${proxy.port}`;
  return {
    log,
    port: proxy.port,
    url,
    health,
    registry,
    stop: () => proxy.stop(),
    post: async (path, body, headers = { 'content-type': 'application/json' }) => {
      const response = await fetch(url + path, { method: 'POST', body, headers });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as unknown };
    },
  };
}

/** One connection; everything received is kept as text. */
export class RawClient {
  received = '';
  closed = false;
  readonly socket: Socket;
  #changed: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Resolves once the received text matches. Rejects if the connection is closed before. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received)) {
      if (this.closed) throw new Error(`the connection was closed before ${pattern} was received, after: ${this.received}`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
    return this.received;
  }

  /** Resolves once that many answers have begun to arrive. Rejects like `until`. */
  async answers(count: number): Promise<readonly number[]> {
    return statusesIn(await this.until(new RegExp(`(?:HTTP/1\\.1 \\d{3} [^]*){${count}}`)));
  }

  /** Resolves with everything received, once the server has closed the connection. */
  async end(): Promise<string> {
    while (!this.closed) await new Promise<void>((resolve) => this.#changed.push(resolve));
    return this.received;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #wake(): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const wake of changed) wake();
  }
}

/** The status codes of the answers in a received text. */
export function statusesIn(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}

export const STATUS = '{"id":42959,"motion":true,"smoke":false,"temperature":25.5,"maxTemperature":30.0}';
export const RECOVERY = '{"id":42959}';
