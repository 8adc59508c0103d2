import { describe, expect, it } from 'vitest';
import { compareTopics, type FoundTopic } from '../../../../message-log/kafka/topic-comparison.ts';
import type { TopicSpec } from '../../../../message-log/kafka/topics.ts';

const DAY = 86_400_000;

const spec = (config: Record<string, string> = {}, topic: TopicSpec['topic'] = 'ALARM'): TopicSpec => ({
  topic,
  name: `t-${topic}`,
  partitions: 8,
  replicationFactor: 3,
  config,
});
const found = (settings: Record<string, string> = {}, more: Partial<FoundTopic> = {}): FoundTopic => ({
  name: 't-ALARM',
  partitions: 8,
  replication: 3,
  settings,
  ...more,
});

/** The only difference of a topic that should have this setting. */
const settingOf = (setting: string, wanted: string, is: string, more: Partial<FoundTopic> = {}) => {
  const differences = compareTopics([spec({ [setting]: wanted })], [found({ [setting]: is }, more)]);
  expect(differences.length).toBeLessThan(2);
  return differences[0];
};

describe('topics as they should be', () => {
  it('have no differences if they are right, and other topics are ignored', () => {
    expect(compareTopics([spec()], [found({}, { name: 't-ENTRY', partitions: 1 }), found()])).toEqual([]);
    expect(compareTopics([spec({ a: '1' })], [found({ a: '1', b: '2' })])).toEqual([]);
    expect(compareTopics([spec()], [found({}, { replication: 4 })])).toEqual([]);
  });

  it('have a difference if one is missing', () => {
    expect(compareTopics([spec(), spec({}, 'OK')], [found()])).toEqual([
      { name: 't-OK', kind: 'missing', text: 'does not exist', refused: true },
    ]);
  });

  it('start without a topic that alarms do not need, and say that it is missing or has too few partitions', () => {
    expect(compareTopics([spec(), spec({}, 'AUDIT')], [found()])).toMatchObject([{ name: 't-AUDIT', kind: 'missing', refused: false }]);
    expect(compareTopics([spec({}, 'AUDIT')], [found({}, { name: 't-AUDIT', partitions: 1 })])).toMatchObject([
      { kind: 'partitions', refused: false },
    ]);
  });

  it.each([
    [1, 'has 1 partition where 8 are needed'],
    [9, 'has 9 partitions where 8 are needed'],
  ])('differ with %i partitions, which prevents the start', (partitions, words) => {
    expect(compareTopics([spec()], [found({}, { partitions })])).toEqual([
      { name: 't-ALARM', kind: 'partitions', text: expect.stringContaining(words), refused: true },
    ]);
  });

  it.each([
    [1, 'is kept on 1 broker where 3 are wanted'],
    [2, 'is kept on 2 brokers where 3 are wanted'],
  ])('differ on %i brokers, which is only a warning', (replication, words) => {
    expect(compareTopics([spec()], [found({}, { replication })])).toEqual([
      { name: 't-ALARM', kind: 'replication', text: expect.stringContaining(words), refused: false },
    ]);
  });
});

describe('a setting', () => {
  it('that must have one value has a remedy', () => {
    expect(settingOf('message.timestamp.type', 'CreateTime', 'LogAppendTime')).toEqual({
      name: 't-ALARM',
      kind: 'setting',
      text: 'message.timestamp.type is LogAppendTime where CreateTime is wanted',
      refused: false,
      remedy: { setting: 'message.timestamp.type', value: 'CreateTime' },
    });
    expect(settingOf('segment.bytes', '100', '200')?.text).toBe('segment.bytes is 200 where 100 is wanted');
  });

  it.each(['retention.ms', 'delete.retention.ms', 'min.insync.replicas', 'max.message.bytes'])(
    '%s may be more than is wanted',
    (setting) => {
      expect(settingOf(setting, '2', '2')).toBeUndefined();
      expect(settingOf(setting, '2', '3')).toBeUndefined();
      expect(settingOf(setting, '2', '-1')).toBeUndefined();
      expect(settingOf(setting, '2', '1')?.text).toContain('at least');
      expect(settingOf(setting, '-1', '-1')).toBeUndefined();
      expect(settingOf(setting, '-1', '1')).toBeDefined();
    },
  );

  it.each([
    [7 * DAY, '7 days'],
    [DAY, '1 day'],
    [DAY + 3_600_000, '25 hours'],
    [3_600_000, '1 hour'],
    [90 * 60_000, '90 minutes'],
    [60_000, '1 minute'],
    [61_000, '61 seconds'],
    [1_000, '1 second'],
    [1_500, '1500 milliseconds'],
    [1, '1 millisecond'],
    [0, '0 milliseconds'],
  ])('of %i ms is shown as %s', (ms, words) => {
    expect(settingOf('retention.ms', String(30 * DAY), String(ms))?.text).toBe(`retention.ms is ${words} where at least 30 days is wanted`);
  });

  it('is shown as unlimited', () => {
    expect(settingOf('retention.ms', '-1', '1000')?.text).toBe('retention.ms is 1 second where at least unlimited is wanted');
    expect(settingOf('segment.bytes', '100', '-1')?.text).toBe('segment.bytes is -1 where 100 is wanted');
  });

  it('is refused if it loses the state of quiet sensors, and only then', () => {
    const policy = (is: string, wanted: string, topic: TopicSpec['topic']) =>
      compareTopics([spec({ 'cleanup.policy': wanted }, topic)], [found({ 'cleanup.policy': is }, { name: `t-${topic}` })])[0]?.refused;
    expect(policy('delete', 'compact', 'STATE')).toBe(true);
    expect(policy('compact,delete', 'compact', 'STATE')).toBe(true);
    expect(policy('compact', 'delete', 'ALARM')).toBe(false);
    expect(policy('delete', 'compact', 'ALARM')).toBe(false);
    expect(policy('none', 'compact', 'STATE')).toBe(false);
    const other = compareTopics([spec({ 'segment.ms': '1' }, 'STATE')], [found({ 'segment.ms': 'delete' }, { name: 't-STATE' })]);
    expect(other[0]?.refused).toBe(false);
  });

  it('has no remedy if that would leave no brokers to write to', () => {
    const remedy = (replication: number) =>
      compareTopics([spec({ 'min.insync.replicas': '2' })], [found({ 'min.insync.replicas': '1' }, { replication })]).at(-1)?.remedy;
    expect(remedy(1)).toBeUndefined();
    expect(remedy(2)).toEqual({ setting: 'min.insync.replicas', value: '2' });
    expect(settingOf('max.message.bytes', '100', '50')?.remedy).toEqual({ setting: 'max.message.bytes', value: '100' });
  });
});

describe('times that brokers before 3.6 cannot refuse', () => {
  const [before, after] = ['message.timestamp.before.max.ms', 'message.timestamp.after.max.ms'];
  const limited = spec({ [before]: '60000', [after]: '5000' });

  it.each([{ other: '1' }, { [before]: '60000' }, { [after]: '5000' }])('are a warning if the brokers know %j', (settings) => {
    expect(compareTopics([limited], [found(settings)])).toEqual([
      { name: 't-ALARM', kind: 'setting', text: expect.stringContaining('takes records of any time'), refused: false },
    ]);
  });

  it('are no difference if the brokers know the limits, do not report settings, or none are wanted', () => {
    expect(compareTopics([limited], [found({ [before]: '60000', [after]: '5000' })])).toEqual([]);
    expect(compareTopics([limited], [found({})])).toEqual([]);
    expect(compareTopics([spec()], [found({ other: '1' })])).toEqual([]);
  });
});
