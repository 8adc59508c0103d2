/** Data folders that earlier versions left in a crash, as test/support/versions/make.ts made them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram } from '../support/program.ts';
import { SystemProcess } from '../support/system.ts';
import { unpack } from '../support/versions/folder.ts';
import { goesOn, KEPT } from '../support/versions/going-on.ts';

const VERSIONS = 'test/fixtures/versions';

it.each(readdirSync(VERSIONS))(
  'a data folder of version %s can be used: nothing is lost, nothing happens twice',
  { timeout: 180_000 },
  async (version) => {
    const folder = await mkdtemp(join(tmpdir(), 'tocsin-version-'));
    const dataDir = join(folder, 'data');
    const remains = await unpack(join(VERSIONS, version, 'embedded'), dataDir);
    const system = await SystemProcess.create({ dataDir, environment: KEPT });
    try {
      await goesOn(system, remains);
      const { stdout } = await runProgram('main/dead-letters/main.ts', ['list'], { TOCSIN_DATA_DIR: dataDir });
      expect(stdout.trim().split('\n')).toEqual([expect.stringMatching(/ALARM\/0@\d+ .* mailer .* 12 .*550/)]);
    } finally {
      await system.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  },
);
