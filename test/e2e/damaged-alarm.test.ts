/** A bit of an archived alarm flips while nothing runs: the start, the list, the alarm itself, other alarms and the next fire are as they must be. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { API_TOKEN, SystemProcess } from '../support/system.ts';
import { act, alarmOf, custodyHas, motion, smoke } from '../support/versions/life.ts';

const [DAMAGED, OTHER, FIRE] = [1, 2, 3];
const MARK = Buffer.from('TRW1');

let system: SystemProcess;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-damaged-alarm-'));
  system = await SystemProcess.create({ dataDir: folder });
  await system.start();
  for (const sensor of [DAMAGED, OTHER]) await motion(system, sensor);
  for (const sensor of [DAMAGED, OTHER]) await custodyHas(system, sensor, 'mailed');
}, 180_000);
afterAll(async () => {
  await system.end('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

it('and everything goes on', { timeout: 180_000 }, async () => {
  const { id } = await alarmOf(system, DAMAGED);
  expect(await system.end('SIGTERM')).toBe(0);
  expect(await flipIn(join(folder, 'store', 'data.mdb'), id)).toBeGreaterThan(0);
  await system.start();

  await custodyHas(system, OTHER, 'mailed');
  const list = await get('/api/alarms?state=all');
  expect(list).toMatchObject({ status: 200 });
  // The log still has it; where it doesn't, `problems` says that it is missing.
  expect(list.json.alarms.map(({ sensor }) => sensor).toSorted()).toEqual([DAMAGED, OTHER]);
  expect((await fetch(`${system.operationsUrl}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${system.operationsUrl}/metrics`)).text()).toContain('tocsin_rows_damaged_total{kind="alarm"} 1');
  expect(system.output).toContain('a row is damaged');

  await smoke(system, FIRE, 3);
  await custodyHas(system, FIRE, 'mailed');
  expect(await act(system, DAMAGED, 'acknowledge', {})).toMatchObject({ state: 'ACTIVE_ACK' });
  await fetch(`${system.ingestUrl}/ok`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: DAMAGED }),
  });
  await expect.poll(async () => (await alarmOf(system, DAMAGED)).state, { timeout: 30_000 }).toBe('CLEARED_ACK');

  // What was written anew is whole: the next start finds no damage.
  expect(await system.end('SIGTERM')).toBe(0);
  await system.start();
  expect((await get('/api/alarms?state=all')).json.alarms.map(({ sensor }) => sensor).toSorted()).toEqual([DAMAGED, OTHER, FIRE]);
  expect(system.output).not.toContain('a row is damaged');
});

async function get(path: string) {
  const response = await fetch(system.consoleUrl + path, { headers: { authorization: `Bearer ${API_TOKEN}` } });
  return { status: response.status, json: (await response.json()) as { readonly alarms: readonly { readonly sensor: number }[] } };
}

/** Flips a bit of the alarm in each of its rows, those that were overwritten too; resolves with how many there were. */
async function flipIn(path: string, id: string): Promise<number> {
  const bytes = await readFile(path);
  let rows = 0;
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
    const row = bytes.toString('latin1', at + 8, at + 400);
    if (!row.startsWith(`{"id":"${id}"`)) continue;
    const byte = at + 8 + row.indexOf('"sensor"') + 3;
    bytes.writeUInt8(bytes.readUInt8(byte) ^ 1, byte);
    rows += 1;
  }
  await writeFile(path, bytes);
  return rows;
}
