import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { consoleSettings } from '../../../console/config.ts';
import { ROLE_NAMES } from '../../../main/roles.ts';
import { proxySettings } from '../../../proxy/config.ts';
import { NODE_FLAGS, SYSTEM_FLAGS } from '../../../runtime/node-flags.ts';
import { processSettings } from '../../../runtime/process-settings.ts';

const dockerfile = readFileSync('deploy/Dockerfile', 'utf8');
const healthCheck = readFileSync('deploy/health-check.mjs', 'utf8');

describe('the image', () => {
  it('runs roles as npm start does, and every program as npm run does', () => {
    expect(dockerfile).toMatch(/^ENTRYPOINT \["\/opt\/tocsin\/deploy\/tocsin"\]$/m);
    const commands = [...readFileSync('deploy/tocsin', 'utf8').matchAll(/^ *exec (.*)$/gm)].map(([, command]) => command);
    expect(commands).toEqual([
      ['node', ...NODE_FLAGS, '"$program"', '"$@"'].join(' '),
      ['node', ...SYSTEM_FLAGS, 'main.ts', '"$@"'].join(' '),
    ]);
    // A name that is both would hide one of them.
    expect(readdirSync('main').filter((name) => ROLE_NAMES.some((role) => role === name))).toEqual([]);
  });

  it('is made of images with exact tags, and does not run as root', () => {
    const tags = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, tag]) => tag);
    expect(new Set(tags).size).toBe(1);
    expect(tags[0]).toMatch(/^node:24\.\d+\.\d+-bookworm-slim$/);
    expect(dockerfile).toContain(`org.opencontainers.image.base.name="docker.io/library/${tags[0]}"`);
    expect(dockerfile).toMatch(/^USER node$/m);
  });

  it('keeps the rules of the field: exec form, COPY, absolute WORKDIR, nothing fetched by hand, no user after the last', () => {
    const lines = dockerfile.replaceAll(/\\\n\s*/g, ' ').split('\n');
    const words = lines.filter((line) => !line.startsWith('#')).map((line) => line.split(' ')[0] ?? '');
    expect(words).not.toContain('ADD');
    for (const line of lines) {
      expect(line).not.toMatch(/^(?:RUN|CMD|ENTRYPOINT).*\b(?:sudo|curl|wget|chmod 777)\b/);
      if (/^(?:ENTRYPOINT|CMD) /.test(line)) expect(line).toMatch(/ \[/);
      if (line.startsWith('WORKDIR ')) expect(line).toMatch(/^WORKDIR \//);
      if (line.startsWith('HEALTHCHECK ')) expect(line).toMatch(/--interval=.*--timeout=.*--start-period=.*--retries=.* CMD \[/);
      expect(line).not.toMatch(/^(?:ENV|ARG|LABEL).*(?:TOKEN|SECRET|PASSWORD)/);
    }
    expect(words.slice(words.lastIndexOf('USER') + 1)).not.toContain('RUN');
  });

  it('says which version it has', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(dockerfile).toContain(`org.opencontainers.image.version="${version}"`);
  });

  it('gets nothing that it does not name, and every folder that the program imports', () => {
    const named = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(readFileSync('.dockerignore', 'utf8')).toMatch(/^\*$/m);
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
    const sources = named
      .filter((path) => statSync(path).isDirectory())
      .flatMap((folder) => readdirSync(folder, { recursive: true }).map((path) => join(folder, String(path))))
      .filter((path) => /\.tsx?$/.test(path));
    const imported = new Set<string>();
    for (const path of ['main.ts', ...sources])
      for (const [, top = ''] of readFileSync(path, 'utf8').matchAll(/from '(?:\.\/|(?:\.\.\/)+)([\w-]+)\/[^']*'/g))
        if (existsSync(top)) imported.add(top);
    expect(imported.size).toBeGreaterThan(10);
    expect([...imported].filter((top) => !named.includes(top))).toEqual([]);
  });
});

describe('its health check', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function role(status: number): Promise<number> {
    const server = createServer((request, response) => response.writeHead(request.url === '/readyz' ? status : 404).end());
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }
  /** Nobody listens on port 1. */
  const check = async (ingest: number, console = 1, operations = 1): Promise<number> => {
    const env = { TOCSIN_INGEST_PORT: String(ingest), TOCSIN_CONSOLE_PORT: String(console), TOCSIN_OPERATIONS_PORT: String(operations) };
    return promisify(execFile)(process.execPath, ['deploy/health-check.mjs'], { env: { ...env, TOCSIN_HOST: '0.0.0.0' } }).then(
      () => 0,
      ({ code }: { code: number }) => code,
    );
  };

  it('is well if all that listens there is ready', async () => {
    const ready = await role(200);
    expect(await Promise.all([check(ready), check(1, ready), check(1, 1, ready), check(ready, await role(200))])).toEqual([0, 0, 0, 0]);
  });

  it('is not if anything there is not, or nothing listens', async () => {
    const [ready, draining] = [await role(200), await role(503)];
    expect(await Promise.all([check(draining), check(ready, draining), check(1)])).toEqual([1, 1, 1]);
  });

  it('knows the ports that the settings have', () => {
    const ports = [proxySettings.port, consoleSettings.port, processSettings.operationsPort];
    const known = [...healthCheck.matchAll(/\|\| ([\d_]+)/g)].map(([, port = '']) => port.replace('_', ''));
    expect(known).toEqual(ports.map(({ default: port }) => port));
  });
});
