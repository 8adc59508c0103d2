/** What `npm run doctor` says about the audit trail in a data folder, whatever has happened to it. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditKeyFile, keyInFile } from '../../../console/audit/key-file.ts';
import { chainEndFile } from '../../../console/audit/chain-end-file.ts';
import { AuditTrail } from '../../../console/audit/trail.ts';
import { checksOf } from '../../../main/doctor/checks.ts';
import { rolesOf } from '../../../main/roles.ts';
import { baseOf, recordsOf, sealFrame } from '../../../message-log/embedded/frame.ts';
import { type EmbeddedLog, openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { openStore, type Store } from '../../../message-log/embedded/store.ts';
import type { Finding } from '../../../runtime/diagnosis.ts';
import { Health } from '../../../runtime/health.ts';

const NAMES = ['Ann', 'Ben', 'Cat', 'Dan', 'Eve'];
const logger = pino({ level: 'silent' });

let folder: string;
let store: Store;
let log: EmbeddedLog;
let trail: AuditTrail;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-doctor-audit-'));
  store = await openStore(folder);
  const options = { partitions: 1, retentionMs: 1e9, retentionBytes: 1e9, clock: Date.now, removalClock: Date.now };
  log = await openEmbeddedLog(store, { ...options, logger, registry: new Registry(), health: new Health() });
  const endFile = chainEndFile(folder, 8080);
  const key = await keyInFile(auditKeyFile(folder));
  trail = await AuditTrail.start({ log, key, health: new Health(), waitingMax: 1_000_000, clock: Date.now, logger, endFile });
  // Each in a frame of its own.
  for (const by of NAMES) {
    await signedIn(by);
    await log.sweep();
  }
});

async function signedIn(by: string): Promise<void> {
  trail.record({ action: 'signed-in', by, as: 'user', from: '::1' });
  await expect.poll(() => trail.waiting).toBe(0);
}

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function stop(): Promise<void> {
  await trail.stop();
  await log.close();
  await store.close();
}

async function said(dataDir = folder): Promise<Finding[]> {
  const findings: Finding[] = [];
  const environment = { TOCSIN_DATA_DIR: dataDir, TOCSIN_INGEST_PORT: '0', TOCSIN_CONSOLE_PORT: '0' };
  for await (const finding of checksOf(rolesOf([]), environment, { clock: Date.now, timeoutMs: 1_000 }, async () => []))
    if (finding.check === 'audit trail') findings.push(finding);
  return findings;
}

/** Changes the stopped store's frames of the trail. */
async function harm(change: (frames: Buffer[]) => (Buffer | undefined)[]): Promise<void> {
  await stop();
  const stopped = await openStore(folder);
  const frames = stopped.root.openDB<Buffer, number>({ name: 'log/AUDIT/0', encoding: 'binary' });
  const all = [...frames.getRange()].map(({ key, value }) => ({ key, value: Buffer.from(value) }));
  const changed = change(all.map(({ value }) => value));
  await stopped.write(() => {
    for (const [i, { key }] of all.entries()) {
      const now = changed[i];
      if (now) void frames.put(key, now);
      else void frames.remove(key);
    }
  });
  await stopped.close();
}

describe('the audit trail in a data folder', () => {
  it('is whole after an orderly stop, up to its last row', async () => {
    await stop();
    expect(await said()).toMatchObject([
      {
        ok: true,
        found: expect.stringMatching(/^7 rows in one chain, .*: none was changed or is missing; all are signed with a key that is here$/),
      },
    ]);
  });

  it('is whole after a crash, with the rows that only the journal has', async () => {
    await signedIn('Fay');
    const crashed = mkdtempSync(join(tmpdir(), 'tocsin-doctor-audit-'));
    cpSync(folder, crashed, { recursive: true, filter: (path) => !/\/owner$|\.sock$/.test(path) });
    await stop();
    expect(await said(crashed)).toMatchObject([{ ok: true, found: expect.stringContaining('7 rows in one chain') }]);
    rmSync(crashed, { recursive: true, force: true });
  });

  it('with a name that somebody changed, checksums and all, has a row that was changed', async () => {
    await harm((frames) =>
      frames.map((frame) => {
        const at = frame.indexOf('"Cat"');
        if (at < 0) return frame;
        frame.write('"Bob"', at);
        sealFrame(frame, recordsOf(frame), baseOf(frame), frame.readDoubleLE(24));
        return frame;
      }),
    );
    const [first, ...others] = await said();
    expect(first).toMatchObject({ ok: false, found: expect.stringContaining('row 3 was made or changed by somebody without the key') });
    expect(others).toMatchObject([{ ok: false, found: expect.stringContaining('row 3 was changed, or row 4 was') }, { ok: true }]);
  });

  it('whose key is not here, is checked by its hashes, and that is said', async () => {
    await stop();
    rmSync(auditKeyFile(folder));
    expect(await said()).toMatchObject([
      {
        ok: true,
        found: expect.stringMatching(/none is signed with a key that is here; .*7 rows signed with the key .* genuine: it is not here/),
      },
    ]);
  });

  it('whose key is damaged, says so, and is checked by its hashes', async () => {
    await stop();
    writeFileSync(auditKeyFile(folder), 'nonsense');
    expect(await said()).toMatchObject([{ ok: false, found: expect.stringContaining('it is damaged') }, { ok: true }]);
  });

  it('without a row in the middle, names it', async () => {
    await harm((frames) => frames.map((frame) => (frame.includes('"Cat"') ? undefined : frame)));
    expect((await said())[0]).toMatchObject({ ok: false, found: expect.stringMatching(/row 3 is missing$/) });
  });

  it('without its last rows, names them', async () => {
    await harm((frames) => frames.map((frame) => (frame.includes('"Eve"') || frame.includes('"ended"') ? undefined : frame)));
    expect((await said())[0]).toMatchObject({ ok: false, found: expect.stringContaining('rows 5 to 6 at its end are missing') });
  });

  it('without its oldest rows, which are no longer kept, is in order and says so', async () => {
    await harm((frames) => frames.map((frame, i) => (i < 2 ? undefined : frame)));
    expect(await said()).toMatchObject([{ ok: true, found: expect.stringContaining('no longer kept') }]);
  });

  it('without a damaged row, names what is gone', async () => {
    await harm((frames) =>
      frames.map((frame) => {
        const at = frame.indexOf('"Dan"');
        if (at > 0) frame[at] = (frame[at] ?? 0) ^ 1;
        return frame;
      }),
    );
    expect((await said())[0]).toMatchObject({ ok: false, found: expect.stringMatching(/row 4 is missing$/) });
  });
});
