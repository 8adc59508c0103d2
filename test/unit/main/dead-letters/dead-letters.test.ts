import { beforeEach, describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../../../records/dead-letter.ts';
import type { Topic } from '../../../../records/topics.ts';
import { deadLettersProgram } from '../../../../main/dead-letters/command.ts';
import { UsageError } from '../../../../runtime/command-line.ts';
import { TransientError } from '../../../../runtime/errors.ts';
import { oneRecord } from '../../../../message-log/one-record.ts';
import { NOON } from '../../../support/alarms.ts';
import { runCommand } from '../../../support/command.ts';
import { MemoryLog } from '../../../support/memory-log.ts';

const GOOD = '{"id":7,"motion":true,"smoke":false,"temperature":20,"maxTemperature":30}';

const ESCAPE = String.fromCharCode(27);

let log: MemoryLog;
beforeEach(() => {
  log = new MemoryLog(3);
});

describe('dead-letters list', () => {
  it('shows each with its place, age, reason and sensor, newest bounds and filters applied', async () => {
    await park({ topic: 'ENTRY', offset: 4, reason: 'not JSON', value: '{' }, 7);
    await park({ topic: 'ALARM', offset: 9, reason: 'refused: 550 no such user', by: 'mailer', at: NOON - 86_400_000 }, 8);
    const { lines, code } = await run('list');
    expect(code).toBe(0);
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).toMatch(/\d@0 +60s {2}ENTRY\/0@4 +processor +7 {2}- +not JSON/);
    expect((await run('list', '--topic', 'ALARM')).lines).toEqual([expect.stringMatching(/24h {2}ALARM\/0@9 +mailer +8 .*550/)]);
    expect((await run('list', '--sensor', '7')).lines).toEqual([expect.stringContaining('ENTRY')]);
    expect((await run('list', '--by', 'mailer')).lines).toEqual([expect.stringContaining('ALARM')]);
    expect((await run('list', '--reason', 'NO SUCH')).lines).toEqual([expect.stringContaining('ALARM')]);
    expect((await run('list', '--newer', '1h')).lines).toEqual([expect.stringContaining('ENTRY')]);
    expect((await run('list', '--older', '1h')).lines).toEqual([expect.stringContaining('ALARM')]);
    expect((await run('list', '--limit', '1')).lines).toEqual([expect.anything(), expect.stringContaining('and 1 more')]);
    expect((await run('list', '--topic', 'OK')).lines).toEqual(['There are none.']);
  });

  it('counts letters of exactly that time as newer, not as older', async () => {
    await park({}, 7);
    expect((await run('list', '--newer', '1m')).lines).toEqual([expect.stringContaining('ENTRY')]);
    expect((await run('list', '--older', '1m')).lines).toEqual(['There are none.']);
    expect((await run('list', '--newer', '59s')).lines).toEqual(['There are none.']);
    expect((await run('list', '--older', '59s')).lines).toEqual([expect.stringContaining('ENTRY')]);
  });

  it('does not let control characters from outside reach the terminal', async () => {
    await park({ reason: '\u001b[2Jgone', value: '\u001b]0;x' }, 7);
    expect((await run('list')).lines.join()).not.toContain(ESCAPE);
    expect((await run('show', await idOf(7))).lines.join()).not.toContain(ESCAPE);
  });

  it('shows those of all partitions', async () => {
    for (let sensor = 1; sensor <= 12; sensor += 1) await park({ reason: `of ${sensor}` }, sensor);
    const { lines } = await run('list');
    expect(new Set(lines.map((line) => line[0]))).toEqual(new Set(['0', '1', '2']));
    expect(lines).toHaveLength(12);
  });

  it('ends where the log ended when it began, though more is parked meanwhile', async () => {
    for (const reason of ['one', 'two', 'meanwhile']) await park({ reason }, 7);
    const { bounds } = log;
    log.bounds = async (topic, partition) => {
      const { earliest, next } = await bounds.call(log, topic, partition);
      return { earliest, next: Math.max(0, next - 1) };
    };
    expect((await run('list')).lines).toEqual([expect.stringContaining('one'), expect.stringContaining('two')]);
  });

  it('skips records that are no letters', async () => {
    await append('DEAD', 7, 'no letter');
    await park({}, 7);
    expect((await run('list')).lines).toHaveLength(1);
  });
});

describe('dead letters that the log does not give', () => {
  it('are no reason to show fewer, or none, as if that were all', async () => {
    await park({}, 7);
    log.reader = async () => ({ position: 0, behind: true, onGap: undefined, poll: async () => [], close: async () => undefined });
    await expect(run('list')).rejects.toMatchObject({ name: 'TransientError', code: 'log-unavailable' });
    await expect(run('replay', '--all')).rejects.toMatchObject({ code: 'log-unavailable' });
  });

  it('are those that retention has removed: the others are shown', async () => {
    for (const reason of ['removed', 'kept']) await park({ reason }, 7);
    const { bounds } = log;
    log.bounds = async (topic, partition) => {
      const { next } = await bounds.call(log, topic, partition);
      return { earliest: Math.max(0, next - 1), next };
    };
    expect((await run('list')).lines).toEqual([expect.stringContaining('kept')]);
  });
});

describe('dead-letters show', () => {
  it('shows all of one, or that there is none', async () => {
    await park({ value: GOOD }, 7);
    const { lines } = await run('show', await idOf(7));
    expect(lines.join('\n')).toContain(`value     ${GOOD}`);
    expect(await run('show', '2@99')).toMatchObject({ code: 1, lines: ['There is no letter 2@99.'] });
  });
});

describe('dead-letters replay', () => {
  it('puts a valid value back to its topic, once', async () => {
    await park({ value: GOOD }, 7);
    await park({ topic: 'OK', value: '{"id":8}' }, 8);
    expect(await run('replay', '--all')).toMatchObject({ code: 0, lines: expect.arrayContaining(['2 replayed, 0 skipped.']) });
    expect(log.all('ENTRY')).toMatchObject([{ key: 7, value: GOOD }]);
    expect(log.all('OK')).toMatchObject([{ key: 8, value: '{"id":8}' }]);
    const again = await run('replay', '--all', '--force');
    expect(again).toMatchObject({ code: 1, lines: expect.arrayContaining([expect.stringContaining('replayed before')]) });
    expect(log.all('ENTRY')).toHaveLength(1);
    expect((await run('list', '--sensor', '7')).lines[0]).toMatch(/ replayed /);
  });

  it('puts a reading that came under the key of another sensor back under its own', async () => {
    await park({ value: GOOD }, 8);
    expect((await run('replay', '--all')).code).toBe(0);
    expect(log.all('ENTRY')).toMatchObject([{ key: 7, value: GOOD }]);
  });

  it('does not repeat one that is back for certain, though another replay of it was begun since', async () => {
    await park({ value: GOOD }, 7);
    const id = await idOf(7);
    for (const step of ['begun', 'done', 'begun']) await append('DEAD', 7, JSON.stringify({ replay: id, step, at: NOON }));
    expect(await run('replay', id, '--force')).toMatchObject({
      code: 1,
      lines: [expect.stringContaining('replayed before'), expect.anything()],
    });
    expect(log.all('ENTRY')).toEqual([]);
  });

  it('leaves what is not valid, unless it is forced', async () => {
    await park({ value: '{"smoke":true}' }, 7);
    expect(await run('replay', await idOf(7))).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/skipped: not valid/), expect.anything()],
    });
    expect(log.all('ENTRY')).toEqual([]);
    expect(await run('replay', await idOf(7), '--force')).toMatchObject({ code: 0 });
    expect(log.all('ENTRY')).toMatchObject([{ key: 7, value: '{"smoke":true}' }]);
  });

  it('puts back as JSON what was refused before such a thing could be read', async () => {
    await park({ value: '{"id":7,"smoke":True,"temperature":nan}' }, 7);
    expect(await run('replay', await idOf(7))).toMatchObject({ code: 0 });
    expect(log.all('ENTRY')).toMatchObject([{ key: 7, value: '{"id":7,"smoke":true,"temperature":null}' }]);
  });

  it('puts back a recovery as JSON too', async () => {
    await park({ topic: 'OK', value: '{"id":8,"at":nan}' }, 8);
    expect(await run('replay', await idOf(8))).toMatchObject({ code: 0 });
    expect(log.all('OK')).toMatchObject([{ key: 8, value: '{"id":8,"at":null}' }]);
  });

  it('puts back what a reading says, though as JSON it is longer than a reading may be', async () => {
    await park({ value: `{"id":7,"smoke":True,"note":"${'\u0001'.repeat(1_000)}"}` }, 7);
    expect(await run('replay', await idOf(7))).toMatchObject({ code: 0 });
    expect(log.all('ENTRY')).toMatchObject([{ key: 7, value: '{"id":7,"smoke":true}' }]);
  });

  it('does not repeat one that was broken off between putting back and marking, unless it is forced', async () => {
    await park({ value: GOOD }, 7);
    const id = await idOf(7);
    const append = log.append.bind(log);
    log.append = async (topic, records, at) => {
      const place = await append(topic, records, at);
      if (topic === 'ENTRY') log.fault = new TransientError('log-unavailable', 'the process dies here');
      return place;
    };
    await expect(run('replay', id)).rejects.toThrow('dies here');
    log.fault = undefined;
    log.append = append;
    expect(await run('replay', id)).toMatchObject({ code: 1, lines: [expect.stringContaining('interrupted'), expect.anything()] });
    expect(log.all('ENTRY')).toHaveLength(1);
    expect((await run('list')).lines[0]).toContain('replay interrupted');
    expect((await run('replay', id, '--force')).code).toBe(0);
    expect(log.all('ENTRY')).toHaveLength(2);
  });

  it('only says what it would do when asked so, leaves other topics alone, and tells of ids that are not there', async () => {
    await park({ value: GOOD }, 7);
    await park({ topic: 'ALARM', by: 'mailer' }, 8);
    const { lines, code } = await run('replay', await idOf(7), await idOf(8), '0@77', '--dry-run');
    expect(code).toBe(1);
    expect(lines.join('\n')).toMatch(/would be replayed to ENTRY/);
    expect(lines.join('\n')).toMatch(/only ENTRY and OK/);
    expect(lines.join('\n')).toMatch(/0@77 {2}not found/);
    expect(log.all('ENTRY')).toEqual([]);
    expect(log.all('DEAD')).toHaveLength(2);
  });
});

describe('the command line of dead-letters', () => {
  it.each([
    ['replay', [], /which\?/],
    ['show', [], /ID is missing/],
    ['show', ['17'], /such as 0@17/],
    ['replay', ['0@1', '17'], /17 is not an id/],
    ['list', ['--topic', 'ENTRIES'], /must be one of ENTRY/],
    ['list', ['--newer', 'soon'], /span/],
    ['list', ['--limit', '-1'], /.+/],
    ['list', ['--limits', '1'], /did you mean --limit/],
    ['list', ['0@17'], /not expected/],
  ])('refuses %s %j in words', async (name, args, words) => {
    await expect(run(name, ...args)).rejects.toBeInstanceOf(UsageError);
    await expect(run(name, ...args)).rejects.toThrow(words);
  });
});

async function run(name: string, ...args: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const program = deadLettersProgram(
    (work) => work(log, () => NOON),
    (line) => lines.push(line),
  );
  return { code: await runCommand(program, name, args), lines };
}

/** The id of a sensor's first letter. */
async function idOf(sensor: number): Promise<string> {
  const { lines } = await run('list', '--sensor', String(sensor));
  return lines[0]?.split(' ')[0] ?? '';
}

async function park(letter: Partial<DeadLetter>, sensor: number): Promise<void> {
  const whole: DeadLetter = {
    topic: 'ENTRY',
    partition: 0,
    offset: 1,
    at: NOON - 60_000,
    reason: 'poison',
    by: 'processor',
    value: '',
    ...letter,
  };
  await append('DEAD', sensor, JSON.stringify(whole));
}

async function append(topic: Topic, sensor: number, text: string): Promise<void> {
  await log.append(topic, oneRecord(sensor, text), NOON);
}
