/** HAProxy with deploy/haproxy/haproxy.cfg as it is shipped, on free ports of loopback. */
import { mkdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { makeCertificates } from './certificates.ts';
import { freePorts } from './ports.ts';
import { startProcess, untilReady } from './server-process.ts';

const HAPROXY = '/usr/sbin/haproxy';
const CONFIGURATION = join(process.cwd(), 'deploy/haproxy/haproxy.cfg');
const READY_DEADLINE_MS = 20_000;

export interface Servers {
  /** host:port of two each. */
  readonly proxies: readonly [string, string];
  readonly consoles: readonly [string, string];
}

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

export interface Call {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The address of loopback that it comes from. */
  readonly from?: string;
  /** Default: one connection for each call. */
  readonly agent?: Agent;
}

export interface Edge {
  readonly sensorsUrl: string;
  readonly operatorsUrl: string;
  /** Trusts the edge's certificate. */
  readonly agent: (keepAlive: boolean) => Agent;
  /** Rejects only if there is no answer. */
  call(url: string, call?: Call): Promise<Answer>;
  /** The names of the servers that get requests. */
  up(): Promise<readonly string[]>;
  metrics(): Promise<string>;
  destroy(): Promise<void>;
}

/** Two ports for the edge: those of sensors and operators, which roles have to know before it starts. */
export type EdgePorts = readonly [sensors: number, operators: number];

export async function startEdge(folder: string, [sensors, operators]: EdgePorts, servers: Servers): Promise<Edge> {
  mkdirSync(folder, { recursive: true });
  const [metricsPort = 0] = await freePorts(1);
  const { caFile, serverFile } = await makeCertificates(folder, 'localhost');
  const ca = readFileSync(caFile);
  const logFile = join(folder, 'log');
  const environment = {
    EDGE_CERTIFICATE: serverFile,
    // Not every machine of tests may open as many files as 60,000 connections need.
    EDGE_CONNECTIONS_MAX: '5000',
    SENSORS_CONNECTIONS_MAX: '2000',
    SENSORS_ADDRESS_CONNECTIONS_MAX: '50',
    OPERATORS_ADDRESS_REQUESTS_MAX: '200',
    EDGE_SENSORS: `127.0.0.1:${sensors}`,
    EDGE_OPERATORS: `127.0.0.1:${operators}`,
    EDGE_METRICS: `127.0.0.1:${metricsPort}`,
    EDGE_SOCKET: join(folder, 'admin.sock'),
    PROXY_1: servers.proxies[0],
    PROXY_2: servers.proxies[1],
    CONSOLE_1: servers.consoles[0],
    CONSOLE_2: servers.consoles[1],
  };
  // -dW: a warning is a failure.
  const process = startProcess({ command: HAPROXY, args: ['-dW', '-db', '-f', CONFIGURATION], folder, logFile, environment });
  const metrics = (): Promise<string> => fetch(`http://127.0.0.1:${metricsPort}/metrics`).then((response) => response.text());
  const up = async (): Promise<readonly string[]> =>
    [...(await metrics()).matchAll(/^haproxy_server_status\{proxy="\w+",server="([\w-]+)",state="UP"\} 1$/gm)].map(([, name = '']) => name);
  const agent = (keepAlive: boolean): Agent => new Agent({ ca, keepAlive });
  const single = agent(false);
  try {
    const allUp = (): Promise<boolean> =>
      up().then(
        ({ length }) => length === 4,
        () => false,
      );
    await untilReady(process, { name: 'haproxy', logFile, deadlineMs: READY_DEADLINE_MS }, allUp);
  } catch (error) {
    await process.end('SIGKILL');
    throw error;
  }
  return {
    sensorsUrl: `https://localhost:${sensors}`,
    operatorsUrl: `https://localhost:${operators}`,
    agent,
    call: (url, call = {}) => send(url, { agent: single, ...call }),
    up,
    metrics,
    destroy: () => process.end('SIGKILL'),
  };
}

function send(url: string, { method = 'GET', headers = {}, body = '', from, agent }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const local = from === undefined ? {} : { localAddress: from, family: 4 };
    const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request(url, { method, agent, headers: { ...length, ...headers }, ...local }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
