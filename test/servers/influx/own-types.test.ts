/** A type that is only in the settings file, in a real InfluxDB: its counts and states, found by dashboards generated from the same file. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runProgram } from '../../support/program.ts';
import { type InfluxServer, startInflux } from '../../support/servers/influx.ts';
import { SystemProcess } from '../../support/system.ts';

/** The first start builds the server. */
const BUILD_MS = 900_000;

const folder = mkdtempSync(join(tmpdir(), 'tocsin-own-types-'));
const settings = { TOCSIN_SETTINGS: join(folder, 'tocsin.yaml') };
let server: InfluxServer;
let system: SystemProcess;

beforeAll(async () => {
  server = await startInflux('1.8');
  writeFileSync(settings.TOCSIN_SETTINGS, 'types:\n  water: { when: water, severity: MAJOR }\n');
  const environment = { ...settings, TOCSIN_INFLUX_URL: server.url };
  const made = await runProgram('main/schema/main.ts', [], environment);
  expect([made.code, made.stderr]).toEqual([0, '']);
  system = await SystemProcess.create({ dataDir: join(folder, 'data'), environment });
  await system.start();
}, BUILD_MS);
afterAll(async () => {
  await system?.end('SIGTERM');
  await server?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** The result of a dashboard's query over the last hour, as text. */
const ask = (query: string): Promise<string> =>
  server.query(
    query
      .replaceAll('$timeFilter', 'time > now() - 1h')
      .replaceAll('$__interval', '1m')
      .replace(/\$\{\w+:regex\}/g, '.*'),
    'tocsin',
  );

it('are counted per minute, and found by the dashboard', async () => {
  for (const id of [1, 2]) {
    const body = JSON.stringify({ id, water: true });
    const answer = await fetch(`${system.ingestUrl}/entry`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(answer.status).toBe(202);
  }
  const total = async (): Promise<number | undefined> => {
    const answer = JSON.parse(await server.query(`SELECT sum("count") FROM alarm_count WHERE "type" = 'water'`, 'tocsin'));
    return answer.results[0].series?.[0].values[0][1];
  };
  await expect.poll(total, { timeout: 30_000 }).toBe(2);
  const boards = join(folder, 'dashboards');
  expect((await runProgram('main/dashboards/main.ts', ['--out', boards], settings)).code).toBe(0);
  const queries = readdirSync(boards, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => readFileSync(join(boards, name), 'utf8').match(/"query": "(?:[^"\\]|\\.)*"/g) ?? [])
    .map((member) => (JSON.parse(`{${member}}`) as { query: string }).query)
    .filter((query) => query.includes(`"type" = 'water'`));
  expect(queries.length).toBeGreaterThan(0);
  for (const query of queries) expect(JSON.parse(await ask(query)).results[0].series[0].values[0]).toContain(2);
});
