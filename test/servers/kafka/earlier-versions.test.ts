/** Topics, positions and a data folder that earlier versions left in a crash, as test/support/versions/make.ts made them. */
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runProgram } from '../../support/program.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { SystemProcess } from '../../support/system.ts';
import { unpack, unpackJson } from '../../support/versions/folder.ts';
import { goesOn, KEPT } from '../../support/versions/going-on.ts';
import { type StoredLog, writeLog } from '../../support/versions/kafka-topics.ts';
import { onKafka, TOPICS_FILE } from '../../support/versions/on-kafka.ts';

const VERSIONS = 'test/fixtures/versions';

let kafka: TestKafka;
beforeAll(async () => {
  kafka = await startKafka();
});
afterAll(() => kafka?.destroy());

it.each(readdirSync(VERSIONS))(
  'topics of version %s can be used: nothing is lost, nothing happens twice',
  { timeout: 180_000 },
  async (version) => {
    const folder = await mkdtemp(join(tmpdir(), 'tocsin-version-'));
    const dataDir = join(folder, 'data');
    const from = join(VERSIONS, version, 'kafka');
    const remains = await unpack(from, dataDir);
    await writeLog(kafka, (await unpackJson(join(from, TOPICS_FILE))) as StoredLog);
    const environment = { ...KEPT, ...onKafka(kafka) };
    const topics = await runProgram('main/topics/main.ts', ['--apply'], environment);
    expect(`${topics.code} ${topics.stderr}`).toBe('0 ');
    const system = await SystemProcess.create({ dataDir, environment });
    try {
      await goesOn(system, remains);
      const { stdout } = await runProgram('main/dead-letters/main.ts', ['list'], { ...onKafka(kafka), TOCSIN_DATA_DIR: dataDir });
      expect(stdout.trim().split('\n')).toEqual([expect.stringMatching(/ALARM\/\d@\d+ .* mailer .* 12 .*550/)]);
    } finally {
      await system.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  },
);
