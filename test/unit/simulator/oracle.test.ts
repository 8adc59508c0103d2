import { describe, expect, it } from 'vitest';
import { type AlarmType, BUILT_IN_TYPES } from '../../../alarm/alarm-type.ts';
import type { Message } from '../../../simulator/message.ts';
import { Oracle } from '../../../simulator/oracle.ts';
import { SEVEN_TYPES } from '../../support/alarm-types.ts';
import { message, smoke } from './messages.ts';

const LETTERS: Readonly<Record<string, string>> = { m: 'motion', s: 'smoke', t: 'temperature', w: 'water', b: 'battery', n: '', x: '' };

/**
 * `m`otion, `s`moke, `t`emperature above its maximum, `w`ater, low `b`attery, `n`ormal, `O`K, each with its seq: `s1 s2 n3 s4 O5`. Before it, `?`: outcome unknown; after it, `@200`:
 * sent after 200 s. Every message but a low battery reports a good battery, unless it has an `x`: then it doesn't report the battery.
 */
function told(story: string, types?: readonly AlarmType[]): Oracle {
  const oracle = new Oracle(types);
  for (const word of story.split(' ').filter(Boolean)) {
    const [, doubtful, what = '', seq, seconds = 0] = /^(\??)([a-zO]+)(\d+)(?:@(\d+))?$/.exec(word) ?? [];
    const hits = [...what].flatMap((letter) => LETTERS[letter] || []);
    const told: Message = message({
      topic: what === 'O' ? 'OK' : 'ENTRY',
      hits,
      clears: types === undefined || /[bxO]/.test(what) ? [] : ['battery'],
      seq: Number(seq),
      dueMs: 1_000 * Number(seconds),
    });
    if (doubtful) oracle.unknown(told);
    else oracle.acknowledged(told);
  }
  return oracle;
}

/** `type: 1,2,3 recovered; …`; possibilities are separated by `|`. */
const outcome = (story: string, types?: readonly AlarmType[]): string[] =>
  [...told(story, types).expectations()].map(
    ({ type, possible }) =>
      `${type}: ${possible.map((alarms) => alarms.map((a) => `${a.evidence.join(',')}${a.recovered ? ' recovered' : ''}`).join('; ') || 'none').join(' | ')}`,
  );

describe('the oracle', () => {
  it.each([
    ['drops normal statuses', 'n1 n2 n3', []],
    ['raises motion at once', 'm1', ['motion: 1']],
    ['raises smoke on the third hit', 's1 s2', ['smoke: none']],
    ['raises smoke from three hits, with normal statuses between', 's1 n2 s3 n4 s5', ['smoke: 1,3,5']],
    ['raises temperature from three hits', 't1 t2 t3', ['temperature: 1,2,3']],
    ['counts every type of a status by itself', 'mst1 st2 t3', ['motion: 1', 'smoke: none', 'temperature: 1,2,3']],
    ['does not raise an active alarm again', 'm1 m2 m3', ['motion: 1']],
    ['takes a hit that is sent again for one', 's1 s1 s2 s1 s2', ['smoke: none']],
    ['lets one that is sent again after a recovery have no effect', 's1 s2 s3 O4 s1 s2 s3', ['smoke: 1,2,3 recovered']],
    ['lets one that is sent again after a recovery count where the first may have been lost', '?m1 O2 m1', ['motion: 1 | 1 recovered']],
    ['clears with a recovery', 'm1 O2', ['motion: 1 recovered']],
    ['clears all types at once', 'm1 s2 s3 s4 O5', ['motion: 1 recovered', 'smoke: 2,3,4 recovered']],
    ['forgets hits with a recovery', 's1 s2 O3 s4', ['smoke: none']],
    ['raises again after a recovery', 'm1 O2 m3', ['motion: 1 recovered; 3']],
    ['lets a repeated recovery have no effect', 'm1 O2 O2 m3', ['motion: 1 recovered; 3']],
    ['knows nothing of a sensor that only recovers', 'O1 O2', []],
    ['keeps further hits of an active alarm from the next one', 's1 s2 s3 s4 s5 O6 s7', ['smoke: 1,2,3 recovered']],
    ['allows an alarm whose hit may have been lost', '?m1', ['motion: none | 1']],
    ['knows the alarm again once the repeat of a doubtful hit is acknowledged', '?m1 m1', ['motion: 1']],
    ['allows both states where the recovery may have been lost', 'm1 ?O2', ['motion: 1 | 1 recovered']],
    ['follows all possibilities', 's1 s2 ?s3 O4 m5', ['smoke: none | 1,2,3 recovered', 'motion: 5']],
    ['keeps possibilities that are alike together', 'm1 ?m2 ?m3', ['motion: 1']],
    ['knows that what may have come before may count later', 'm1 ?m2 O3 m2', ['motion: 1 recovered; 2 | 1 recovered']],
  ])('%s', (_, story, expected) => {
    expect(outcome(story)).toEqual(expected);
  });

  it('goes by readings, not by what their counters say', () => {
    const oracle = new Oracle();
    for (const reading of [1, 2, 3]) oracle.acknowledged(smoke({ seq: 0, reading }));
    expect([...oracle.expectations()].map(({ possible }) => possible)).toEqual([
      [[{ readings: [1, 2, 3], evidence: [0, 0, 0], recovered: false }]],
    ]);
  });

  it('keeps sensors apart', () => {
    const oracle = new Oracle();
    for (const sensor of [1, 2, 3]) oracle.acknowledged(smoke({ sensor }));
    expect([...oracle.expectations()].every(({ possible }) => possible[0]?.length === 0)).toBe(true);
  });

  it('goes by other numbers of hits where the types have them', () => {
    const hits: Readonly<Record<string, number>> = { motion: 2, smoke: 1 };
    const oracle = new Oracle(BUILT_IN_TYPES.map((type) => ({ ...type, hits: hits[type.name] ?? type.hits })));
    oracle.acknowledged(message({ hits: ['motion', 'smoke'] }));
    expect([...oracle.expectations()].map(({ type, possible }) => [type, possible[0]?.length])).toEqual([
      ['motion', 0],
      ['smoke', 1],
    ]);
  });
});

describe('the oracle of other types', () => {
  it.each([
    ['raises water from two hits within five minutes', 'w1@0 n2@100 w3@200', ['water: 1,3']],
    ['does not raise it from two further apart', 'w1@0 w2@400', ['water: none']],
    ['raises it from the latest two', 'w1@0 w2@400 w3@500', ['water: 2,3']],
    ['allows both where they lie about five minutes apart', 'w1@0 w2@299', ['water: none | 1,2']],
    ['has a water alarm stand through normal readings, until a recovery', 'w1@0 w2@1 n3@2 O4@9', ['water: 1,2 recovered']],
    ['forgets a hit of water with a recovery', 'w1@0 O2@50 w3@100', ['water: none']],
    ['clears a low battery with the first normal reading', 'b1 n2', ['battery: 1 recovered']],
    ['clears it with a reading that is a hit of something else', 'b1 m2', ['battery: 1 recovered', 'motion: 2']],
    ['does not clear it with a reading that says nothing of it', 'b1 x2 mx3', ['battery: 1', 'motion: 3']],
    ['has it stand while it is low', 'b1 b2 b3', ['battery: 1']],
    ['raises it again after a normal reading', 'b1 n2 b3', ['battery: 1 recovered; 3']],
    ['clears it with a recovery too', 'b1 O2', ['battery: 1 recovered']],
    ['lets a low battery that is sent again after a normal reading have no effect', 'b1 n2 b1', ['battery: 1 recovered']],
    ['allows both where the normal reading may have been lost', 'b1 ?n2', ['battery: 1 | 1 recovered']],
    ['lets normal readings leave the other types as they are', 's1 n2 s3 n4 s5 n6', ['smoke: 1,3,5']],
    ['knows nothing of a sensor that is always well', 'n1 n2 O3', []],
  ])('%s', (_, story, expected) => {
    expect(outcome(story, SEVEN_TYPES)).toEqual(expected);
  });

  it('forgets hits of a type that a normal reading clears', () => {
    const types = SEVEN_TYPES.map((type) => (type.name === 'battery' ? { ...type, hits: 2 } : type));
    expect(outcome('b1 n2 b3', types)).toEqual(['battery: none']);
    expect(outcome('b1 x2 b3', types)).toEqual(['battery: 1,3']);
  });

  it('allows both where an answer came so late that the span may be over', () => {
    const oracle = new Oracle(SEVEN_TYPES);
    oracle.acknowledged(message({ hits: ['water'], seq: 1, dueMs: 0 }), 10);
    oracle.acknowledged(message({ hits: ['water'], seq: 2, dueMs: 290_000 }), 310_000);
    expect([...oracle.expectations()].map(({ possible }) => possible.map((alarms) => alarms.length).sort())).toEqual([[0, 1]]);
  });
});
