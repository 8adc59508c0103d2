/** Whether the ports that roles listen on are free, or theirs already. */
import { createServer } from 'node:net';
import { type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import type { Config } from '../configuration.ts';
import type { Role } from '../role.ts';
import { ROLE_NAMES, ROLES, type RoleName } from '../roles.ts';

/** A port that a role should have, or a process whose roles have none (`role` undefined). */
interface Listened {
  readonly setting: string;
  readonly port: number;
  readonly role: RoleName | undefined;
}

const ALIVE = '{"status":"alive"}';
const TIMEOUT_MS = 2_000;

/** Never rejects. Omits port 0, which stands for any free port. */
export async function* listenedPorts(config: Config): AsyncGenerator<Finding> {
  const host = config.values.get(processSettings.host);
  for (const listened of listenedOn(config)) if (listened.port !== 0) yield await checked(host, listened);
}

function listenedOn({ roles, values }: Config): readonly Listened[] {
  const own = [...roles].flatMap((role) => {
    const { listensOn }: Role = ROLES[role];
    return listensOn ? [{ setting: listensOn.name, port: values.get(listensOn), role }] : [];
  });
  const { operationsPort } = processSettings;
  return own.length > 0 ? own : [{ setting: operationsPort.name, port: values.get(operationsPort), role: undefined }];
}

async function checked(host: string, { setting, port, role }: Listened): Promise<Finding> {
  const check = `port ${port}`;
  const problem = await listenOnce(host, port);
  if (problem === undefined) return fine(check, 'is free');
  if (problem.code !== 'EADDRINUSE')
    return wrong(check, reasonOf(problem), `set ${setting} to another port, or TOCSIN_HOST to an address of this machine`);
  const url = `http://${reachable(host)}:${port}`;
  if ((await answerOf(`${url}/healthz`))?.text !== ALIVE)
    return wrong(check, 'is in use by another program', `stop that program, or set ${setting} to a free port`);
  const found = await roleAt(url);
  if (found === role) return fine(check, 'a Tocsin answers there');
  const [there, expected] = [found, role].map((name) => (name === undefined ? 'no role with a port of its own' : `the role ${name}`));
  return wrong(
    check,
    `is in use by a Tocsin with ${there}, not with ${expected}`,
    `set ${setting} to a free port, or that of the other one`,
  );
}

function listenOnce(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** Undefined: none that has a port of its own. */
async function roleAt(url: string): Promise<RoleName | undefined> {
  for (const name of ROLE_NAMES) {
    const { knownBy }: Role = ROLES[name];
    if (knownBy !== undefined && (await answerOf(url + knownBy))?.status === 200) return name;
  }
  return undefined;
}

/** Undefined: nobody answers. */
async function answerOf(url: string): Promise<{ readonly status: number; readonly text: string } | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return undefined;
  }
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
