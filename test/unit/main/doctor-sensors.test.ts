/** What `npm run doctor` says about the sensors of the newest alarms in a data folder. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedArchive } from '../../../archive/embedded.ts';
import { openEmbeddedDirectory } from '../../../directory/embedded.ts';
import { checksOf } from '../../../main/doctor/checks.ts';
import { rolesOf } from '../../../main/roles.ts';
import { openStore } from '../../../message-log/embedded/store.ts';
import type { Finding } from '../../../runtime/diagnosis.ts';
import { alarmOf, clientOf, NOON } from '../../support/alarms.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-doctor-sensors-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A folder as the system leaves it, with one alarm of each of these sensors, the last of them the newest. */
async function left(sensors: readonly number[], clients: readonly number[]): Promise<void> {
  const store = await openStore(folder);
  const found = { found: () => undefined };
  const directory = openEmbeddedDirectory(store, found);
  await directory.put(clients.map((id) => ({ ...clientOf(), id })));
  const archive = openEmbeddedArchive(store, found);
  const alarms = sensors.map((sensor, i) => ({
    ...alarmOf({ id: `${sensor}-motion-0-${i}`, sensor, raisedAt: NOON + i }),
    region: '',
    geohash: '',
  }));
  await archive.put(alarms, []);
  await archive.close();
  await store.close();
}

async function said(): Promise<Finding[]> {
  const findings: Finding[] = [];
  const environment = { TOCSIN_DATA_DIR: folder, TOCSIN_INGEST_PORT: '0', TOCSIN_CONSOLE_PORT: '0' };
  for await (const finding of checksOf(rolesOf([]), environment, { clock: Date.now, timeoutMs: 1_000 }, async () => []))
    if (finding.check === 'sensors of alarms') findings.push(finding);
  return findings;
}

describe('the sensors of the newest alarms', () => {
  it('are named if no client has them', async () => {
    await left([1, 77, 2, 78, 77], [1, 2, 3]);
    const [finding, ...more] = await said();
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ ok: false, found: 'among the 5 newest alarms, 2 sensors have no client: 77, 78' });
    expect(finding?.advice).toContain('import their clients');
  });

  it('are all right if clients have them', async () => {
    await left([1, 2], [1, 2, 3]);
    expect(await said()).toMatchObject([{ ok: true, found: "the 2 newest alarms are all of clients' sensors" }]);
  });

  it('are named up to a bound, of the newest alarms only', async () => {
    await left([5_000, ...Array.from({ length: 600 }, (_, i) => 1_000 + (i % 100))], [1]);
    const [finding] = await said();
    expect(finding?.found).toMatch(/^among the 500 newest alarms, 100 sensors have no client: (\d+, ){19}\d+ and 80 more$/);
    expect(finding?.found).not.toContain('5000');
  });

  it('are not looked up while there are no clients at all, nor where there is no store, and then none is created', async () => {
    expect(await said()).toEqual([]);
    expect(existsSync(join(folder, 'store'))).toBe(false);
    await left([1], []);
    expect(await said()).toMatchObject([{ ok: true, found: 'there are no clients yet, so none was looked up' }]);
  });
});
