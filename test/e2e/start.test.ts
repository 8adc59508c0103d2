import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ProgramResult, runProgram } from '../support/program.ts';
import { API_TOKEN, SystemProcess } from '../support/system.ts';

const folder = mkdtempSync(join(tmpdir(), 'tocsin-start-'));
const status = (id: number, changes: object = {}): string =>
  JSON.stringify({ id, motion: false, smoke: false, temperature: 21.5, maxTemperature: 30, ...changes });
const post = (url: string, body: string): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the system with settings that can't work. */
const failingStart = (settings: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<ProgramResult> =>
  runProgram('main.ts', args, {
    TOCSIN_INGEST_PORT: '0',
    TOCSIN_CONSOLE_PORT: '0',
    TOCSIN_DATA_DIR: join(folder, 'fails'),
    ...settings,
  });

describe('a start that cannot work says what to do', () => {
  it('with settings: all problems at once, none of them with a stack trace', async () => {
    const { code, stderr } = await failingStart({ TOCSIN_INGEST_PORT: 'abc', TOCSIN_LOG_RETENTION: 'long', TOCSIN_INGEST_PROT: '1' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/TOCSIN_INGEST_PROT is not a setting; did you mean TOCSIN_INGEST_PORT\?/);
    expect(stderr).toMatch(/TOCSIN_INGEST_PORT: must be a whole number/);
    expect(stderr).toMatch(/TOCSIN_LOG_RETENTION: must be a span/);
    expect(stderr).not.toMatch(/ at .*\.ts/);
  });

  it('with a settings file: everything that is wrong in it, with line and column', async () => {
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, 'types:\n  smoke: { hits: many, severty: MAJOR }\n  water: {}\n');
    const { code, stderr } = await failingStart({ TOCSIN_SETTINGS: file });
    expect(code).toBe(2);
    expect(stderr.trim().split('\n').slice(1)).toEqual([
      `  - ${file}:2:12: types.smoke.hits: must be a number, without quotes`,
      `  - ${file}:2:24: types.smoke.severty: is not known here; did you mean severity?`,
      `  - ${file}:3:3: types.water: needs \`when\`, such as when: water`,
    ]);
    expect(existsSync(join(folder, 'fails'))).toBe(false);
  });

  it('with a port in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { code, stderr } = await failingStart({ TOCSIN_INGEST_PORT: String(port) });
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`port ${port}.*in use.*TOCSIN_INGEST_PORT`, 's'));
    expect(stderr).not.toMatch(/ at .*\.ts/);
  });

  it('with a data folder that is a file', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { code, stderr } = await failingStart({ TOCSIN_DATA_DIR: file });
    expect(code).toBe(1);
    expect(stderr).toMatch(/TOCSIN_DATA_DIR/);
  });

  it('on an address beyond loopback without credentials', async () => {
    const { code, stderr } = await failingStart({ TOCSIN_HOST: '0.0.0.0' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/TOCSIN_SENSOR_MASTER_SECRET|TOCSIN_GATEWAY_TOKENS/);
    expect(stderr).toMatch(/TOCSIN_API_TOKEN/);
  });

  it('as a role of its own without the servers that it shares with others', async () => {
    const { code, stderr } = await failingStart({}, ['history', 'console']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/TOCSIN_KAFKA_BROKERS is not set.*run all roles in one process/);
    expect(stderr).toMatch(/TOCSIN_CASSANDRA_CONTACT_POINTS is not set.*mailer and archiver|archiver and mailer/);
    expect(stderr).not.toContain('TOCSIN_INFLUX_URL');
  });

  it('with arguments it does not know; --help tells how to use it', async () => {
    expect(await failingStart({}, ['--prot', '1'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--prot is not an option') });
    expect(await failingStart({}, ['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: npm start') });
  });
});

describe('a running system', () => {
  let system: SystemProcess;
  beforeAll(async () => {
    system = await SystemProcess.create({ dataDir: join(folder, 'data') });
    await system.start();
  });
  afterEach(() => expect(system.output).not.toMatch(/"level":(50|60)/));
  afterAll(async () => {
    await system.end('SIGKILL');
  });

  const api = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${system.consoleUrl}${path}`, { headers: { authorization: `Bearer ${API_TOKEN}` } });
    expect(response.status).toBe(200);
    return (await response.json()) as T;
  };
  type Alarms = { alarms: { id: string; sensor: number; type: string; state: string }[] };
  const alarmsOf = async (sensor: number): Promise<Alarms['alarms']> =>
    (await api<Alarms>('/api/alarms?state=all')).alarms.filter((alarm) => alarm.sensor === sensor);

  it('answers its health, readiness and metrics on both ports', async () => {
    for (const url of [system.ingestUrl, system.consoleUrl]) {
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${API_TOKEN}` } });
      expect(await metrics.text()).toContain('tocsin_alarm_raised_seconds');
    }
  });

  it('accepts three hits of smoke, shows the alarm with its evidence, mails it, and clears it on a recovery', async () => {
    for (let i = 0; i < 3; i += 1) expect((await post(`${system.ingestUrl}/entry`, status(42_959, { smoke: true }))).status).toBe(202);
    await expect.poll(() => alarmsOf(42_959)).toMatchObject([{ type: 'smoke', state: 'ACTIVE_UNACK' }]);
    await expect.poll(() => readdirSync(system.outbox).filter((name) => name.endsWith('.eml')).length).toBe(1);
    expect((await post(`${system.ingestUrl}/ok`, '{"id":42959}')).status).toBe(202);
    await expect.poll(() => alarmsOf(42_959)).toMatchObject([{ state: 'CLEARED_UNACK' }]);
    const [alarm] = await alarmsOf(42_959);
    expect(await api(`/api/alarms/${alarm?.id}`)).toMatchObject({
      evidence: [{ topic: 'ENTRY', partition: 0, offset: 0 }, { offset: 1 }, { offset: 2 }],
    });
    const custody = async (): Promise<string[]> =>
      (await api<{ custody: { kind: string }[] }>(`/api/alarms/${alarm?.id}`)).custody.map(({ kind }) => kind);
    await expect.poll(custody).toEqual(expect.arrayContaining(['accepted', 'raised', 'mailed', 'cleared']));
    await expect.poll(async () => (await api<{ counts: unknown[] }>('/api/counts')).counts.length).toBeGreaterThan(0);
  });

  it('refuses a second process on the same folder, which says who has it', async () => {
    const { code, stderr } = await failingStart({ TOCSIN_DATA_DIR: system.dataDir });
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`${system.pid}`));
    expect(stderr).toMatch(/TOCSIN_DATA_DIR/);
  });

  it('drains at a signal, ends with 0, and continues where it was after a new start', async () => {
    await post(`${system.ingestUrl}/entry`, status(7, { smoke: true }));
    await post(`${system.ingestUrl}/entry`, status(7, { smoke: true }));
    const last = post(`${system.ingestUrl}/entry`, status(8, { motion: true }));
    await sleep(1);
    expect(await system.end('SIGTERM')).toBe(0);
    const accepted = await last.then((response) => response.status === 202).catch(() => false);
    await system.start();
    await post(`${system.ingestUrl}/entry`, status(7, { smoke: true }));
    await expect.poll(() => alarmsOf(7)).toHaveLength(1);
    await expect.poll(() => alarmsOf(8)).toHaveLength(accepted ? 1 : 0);
    expect(await alarmsOf(42_959)).toHaveLength(1);
  });
});
