/** HAProxy from Debian in front of several proxies, as in an installation: with health checks, and if one proxy fails a request goes to another. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from './ports.ts';
import { startProcess, untilReady } from './server-process.ts';

const HAPROXY = '/usr/sbin/haproxy';
const READY_DEADLINE_MS = 20_000;

export interface TestBalancer {
  readonly url: string;
  destroy(): Promise<void>;
}

/** `folder` gets its configuration and log. Rejects with its output if it doesn't start. */
export async function startHaproxy(folder: string, backends: Readonly<Record<string, string>>): Promise<TestBalancer> {
  if (!existsSync(HAPROXY)) throw new Error('HAProxy is needed: apt-get install haproxy');
  mkdirSync(folder, { recursive: true });
  const [port = 0] = await freePorts(1);
  const configuration = join(folder, 'haproxy.cfg');
  const logFile = join(folder, 'log');
  writeFileSync(configuration, configurationOf(port, backends));
  const process = startProcess({ command: HAPROXY, args: ['-db', '-f', configuration], folder, logFile });
  const url = `http://127.0.0.1:${port}`;
  const answers = (): Promise<boolean> =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  try {
    await untilReady(process, { name: 'haproxy', logFile, deadlineMs: READY_DEADLINE_MS }, answers);
  } catch (error) {
    await process.end('SIGKILL');
    throw error;
  }
  return { url, destroy: () => process.end('SIGKILL') };
}

/** It waits longer for an answer than a proxy waits for the log, so that the proxy's own answer arrives if the log accepts no records. */
function configurationOf(port: number, backends: Readonly<Record<string, string>>): string {
  const servers = Object.entries(backends).map(([name, url]) => `  server ${name} ${new URL(url).host} check`);
  return `
global
  maxconn 2000
defaults
  mode http
  timeout connect 500ms
  timeout client 30s
  timeout queue 2s
  timeout server 20s
  timeout http-keep-alive 30s
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response 503
  default-server inter 300ms fastinter 100ms fall 2 rise 1
frontend sensors
  bind 127.0.0.1:${port}
  default_backend proxies
backend proxies
  balance roundrobin
  option httpchk GET /readyz
${servers.join('\n')}
`;
}
