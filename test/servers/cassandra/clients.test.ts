/** The command line as users call it, on a real server. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLIENT_COLUMNS } from '../../../directory/client.ts';
import { csvLineOf } from '../../../directory/csv.ts';
import { generateClients } from '../../../simulator/clients/clients.ts';
import type { CassandraServer } from '../../support/servers/cassandra.ts';
import { cassandraConfig } from '../../support/servers/cassandra-keyspace.ts';
import { sharedCassandra } from '../../support/servers/shared-cassandra.ts';

const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Readonly<Record<string, string>> };
const HEADER = `${CLIENT_COLUMNS.join(',')}\n`;
/** CLIENTS_ROWS=50000 is the reference's directory, which takes a minute or two: each write waits for the disk. */
const CLIENTS = Number(process.env.CLIENTS_ROWS ?? 10_000);
const AGAIN = CLIENTS / 10;
const FEWER = CLIENTS / 2;
const PATIENCE_MS = 400_000;

let server: CassandraServer;
let folder: string;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  server = await sharedCassandra();
  folder = await mkdtemp(join(tmpdir(), 'tocsin-clients-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  const { keyspace } = cassandraConfig(server.contactPoints);
  environment = { TOCSIN_CASSANDRA_CONTACT_POINTS: server.contactPoints.join(','), TOCSIN_CASSANDRA_KEYSPACE: keyspace };
  expect(await run('schema').done).toMatchObject({ code: 0 });
});

function run(script: 'clients' | 'schema', ...args: string[]) {
  const [command = '', ...program] = (scripts[script] ?? '').split(' ');
  const child = spawn(command, [...program, ...args], { env: { ...process.env, ...environment } });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      output[stream] += chunk.toString();
    });
  }
  const done = new Promise<typeof output & { code: number | null }>((resolve) => {
    child.once('close', (code) => resolve({ ...output, code }));
  });
  return { done, output, pid: child.pid ?? 0 };
}

async function fileOf(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const grouped = (count: number): string => count.toLocaleString('en-US');
const held = (count: number): string => `The directory holds ${grouped(count)} clients.`;
const linesOf = (count: number, seed = 1) =>
  [...generateClients(count, seed)].map((row) => csvLineOf(CLIENT_COLUMNS.map((column) => row[column])));

describe('npm run clients on Cassandra', () => {
  it(
    `imports ${grouped(CLIENTS)} clients, finds each, and does no harm when it is repeated`,
    async () => {
      const lines = linesOf(CLIENTS);
      const file = await fileOf('all', HEADER + lines.join(''));
      const { code, stdout, stderr } = await run('clients', 'import', file).done;
      process.stdout.write(stdout);
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(held(CLIENTS)) });
      expect(stderr).toContain('Importing: 50 %');
      const again = await run('clients', 'import', await fileOf('again', HEADER + lines.slice(0, AGAIN).join(''))).done;
      expect(again.stdout).toContain(held(CLIENTS));
      expect((await run('clients', 'count').done).stdout).toBe(`${CLIENTS}\n`);
      const someone = CLIENTS - 41;
      const [expected] = [...generateClients(CLIENTS, 1)].slice(someone - 1);
      const shown = await run('clients', 'show', String(someone)).done;
      expect(shown.stdout).toContain(`surname               ${expected?.surname}\n`);
      expect(shown.stdout).toMatch(/geohash +\w{9}\nregion +\w+\n/);
      expect((await run('clients', 'show', String(CLIENTS + 1)).done).code).toBe(1);
    },
    PATIENCE_MS,
  );

  it('generates clients into it', async () => {
    const { stdout } = await run('clients', 'generate', '1234').done;
    expect(stdout).toContain('The directory holds 1,234 clients.');
  });

  it('skips a row without an id and names its line, and imports the rest, even clients without a place', async () => {
    const [first = '', second = '', third = '', fourth = ''] = linesOf(4);
    const short = second.split(',').slice(0, 7).join(',');
    const nowhere = third.split(',').with(12, '91').join(',');
    const file = await fileOf('bad', `${HEADER}${first}${short}\n${nowhere}${fourth.replace(/^\d+/, 'four')}${first}`);
    const { code, stdout, stderr } = await run('clients', 'import', file).done;
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^4 rows imported .* 2 of them without a place, 1 replaced an earlier one; 1 left out\. The directory holds 3 clients\.\n$/,
    );
    expect(stderr).toContain(`${file}:3: imported, but: has 7 columns instead of 19`);
    expect(stderr).toContain(`${file}:4: imported, but: is without a place: latitude is not from -90 to 90`);
    expect(stderr).toContain(`${file}:5: left out: id is not a whole number`);
    expect(stderr).toContain(`${file}:6: imported: id 1 came before`);
  });

  it('says that a million random bytes are no clients', async () => {
    const { code, stdout, stderr } = await run('clients', 'import', await fileOf('random', randomBytes(1_000_000))).done;
    expect(code).toBe(1);
    expect(stdout).toContain('0 rows imported');
    expect(stdout).toContain('The directory holds 0 clients.');
    expect(stderr.length).toBeLessThan(10_000);
  });

  it(
    'loses no row to a server that is killed and started again in the middle',
    async () => {
      const file = await fileOf('interrupted', HEADER + linesOf(FEWER, 2).join(''));
      const { done, output } = run('clients', 'import', file);
      await vi.waitUntil(() => output.stderr.includes('20 %'), { timeout: 60_000 });
      await server.kill();
      await vi.waitUntil(() => output.stderr.includes('Trying again'), { timeout: 30_000 });
      await server.restart();
      const { code, stdout } = await done;
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(held(FEWER)) });
    },
    PATIENCE_MS,
  );

  it(
    'says how far it has come when it is interrupted, and continues from there',
    async () => {
      const file = await fileOf('stopped', HEADER + linesOf(FEWER, 3).join(''));
      const { done, output, pid } = run('clients', 'import', file);
      await vi.waitUntil(() => output.stderr.includes('20 %'), { timeout: 60_000 });
      process.kill(pid, 'SIGINT');
      const { code, stderr } = await done;
      expect(code).toBe(130);
      const [, place = ''] = /--from (\S+) goes on from there/.exec(stderr) ?? [];
      expect(place).toMatch(/:\d+$/);
      const rest = await run('clients', 'import', file, '--from', place).done;
      expect(rest).toMatchObject({ code: 0, stdout: expect.stringContaining(held(FEWER)) });
      expect(rest.stdout).not.toContain(`${grouped(FEWER)} rows`);
    },
    PATIENCE_MS,
  );

  it('says in one line what is wrong if there is no server or no schema', async () => {
    environment = { ...environment, TOCSIN_CASSANDRA_CONTACT_POINTS: '127.0.0.1:1' };
    const away = await run('clients', 'count').done;
    expect(away.code).toBe(1);
    expect(away.stderr).toMatch(/^clients: Cassandra is out of reach: .*\n$/);
    const config = cassandraConfig(server.contactPoints);
    environment = { TOCSIN_CASSANDRA_CONTACT_POINTS: server.contactPoints.join(','), TOCSIN_CASSANDRA_KEYSPACE: config.keyspace };
    expect((await run('clients', 'count').done).stderr).toMatch(/^clients: there is no table .* run npm run schema\n$/);
  });
});
