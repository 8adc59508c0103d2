/** A machine whose clock is off writes no records with a wrong meaning; other machines are not affected. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeTopics } from '../../../message-log/kafka/topic-administration.ts';
import { topicSpecs } from '../../../message-log/kafka/topics.ts';
import type { Records } from '../../../message-log/port.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { kafkaInstallation, withAdmin } from '../../support/kafka-log.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { readUntil } from '../../support/log-reading.ts';

const HALF_AN_HOUR = 1_800_000;
const NONE: Records = { length: 0, bytes: Buffer.alloc(0), keys: [], starts: [], ends: [] };

describe.each(['4.4.0', '3.9.2'])('on Kafka %s', (version) => {
  let kafka: TestKafka;
  beforeAll(async () => {
    kafka = await startKafka({ version });
  });
  afterAll(() => kafka?.destroy());

  it.each([
    ['ahead of', HALF_AN_HOUR],
    ['behind', -HALF_AN_HOUR],
  ])('a machine whose clock is %s the time is refused until its clock is right; another one can write all the time', async (words, off) => {
    const { open, health } = await kafkaInstallation(kafka);
    let offMs = off;
    const clock = (): number => Date.now() + offMs;
    const log = await open({}, clock);
    const other = await open();
    const refusal = {
      name: 'TransientError',
      code: 'clock-off',
      message: expect.stringContaining(`30 min ${words} the clock of Kafka's broker`),
    };
    // Before any record was sent. A broker that is too busy to tell its time is asked again; meanwhile it refuses the records itself.
    for (const topic of ['ENTRY', 'OK', 'ACTION'] as const) {
      const asked = () =>
        log.append(topic, NONE, clock()).then(
          () => 'taken',
          (error: unknown) => error,
        );
      await expect.poll(asked, { timeout: 20_000 }).toMatchObject(refusal);
    }
    await expect(log.append('OK', oneRecord(1, 'recovery'), clock())).rejects.toMatchObject(refusal);
    expect(health.problems().clock).toContain(`30 min ${words}`);
    await other.append('OK', NONE, Date.now());
    await other.append('ENTRY', oneRecord(1, 'fire'), Date.now());

    offMs = 0;
    await expect
      .poll(
        () =>
          log.append('ENTRY', NONE, clock()).then(
            () => 'taken',
            () => 'refused',
          ),
        { timeout: 10_000 },
      )
      .toBe('taken');
    await log.append('ENTRY', oneRecord(1, 'here again'), clock());
    const { partition } = await log.append('OK', oneRecord(1, 'true'), clock());
    expect(await readUntil(await log.reader('ENTRY', partition, 'earliest'), 2)).toEqual(['fire', 'here again']);
    // The topic has neither the refused records nor those that asked for the time.
    expect(await readUntil(await log.reader('OK', partition, 'earliest'), 1)).toEqual(['true']);
    await Promise.all([log.close(), other.close()]);
  });

  it('records of a machine whose clock jumps while it runs are refused with the reason, and later ones are accepted', async () => {
    const { open } = await kafkaInstallation(kafka, { partitions: 1 });
    let offMs = 0;
    const log = await open({}, () => Date.now() + offMs);
    await log.append('ENTRY', oneRecord(1, 'before'), Date.now());
    offMs = HALF_AN_HOUR;
    await expect(log.append('ENTRY', oneRecord(1, 'refused'), Date.now() + offMs)).rejects.toMatchObject({ code: 'clock-off' });
    offMs = 0;
    await expect
      .poll(
        () =>
          log.append('ENTRY', NONE, 0).then(
            () => 'taken',
            () => 'refused',
          ),
        { timeout: 10_000 },
      )
      .toBe('taken');
    await log.append('ENTRY', oneRecord(1, 'after'), Date.now());
    expect(await readUntil(await log.reader('ENTRY', 0, 'earliest'), 2)).toEqual(['before', 'after']);
    await log.close();
  });

  it('asking for the time writes nothing into topics without limits', async () => {
    const { config, open } = await kafkaInstallation(kafka, { partitions: 1 });
    const name = `${config.prefix}ENTRY`;
    await withAdmin(kafka, async (admin) => {
      await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name, configEntries: [] }] });
      const [topic] = topicSpecs(config);
      const settings = async () => (topic ? (await describeTopics(admin, [topic]))[0]?.settings : {});
      await expect.poll(settings, { timeout: 20_000 }).not.toMatchObject({ 'message.timestamp.after.max.ms': '5000' });
    });
    const log = await open({}, () => Date.now() + HALF_AN_HOUR);
    await log.append('ENTRY', NONE, 0);
    expect(await log.bounds('ENTRY', 0)).toEqual({ earliest: 0, next: 0 });
    await log.close();
  });
});
