import { describe, expect, it } from 'vitest';
import type { Message } from '../../../simulator/message.ts';
import { Oracle } from '../../../simulator/oracle.ts';
import { message } from './messages.ts';

/** `m`otion, `s`moke, `t`emperature above its maximum, `n`ormal, `O`K, each with its seq: `s1 s2 n3 s4 O5`. A `?` in front: outcome unknown. */
function told(story: string): Oracle {
  const oracle = new Oracle();
  for (const word of story.split(' ').filter(Boolean)) {
    const [, doubtful, what = '', seq] = /^(\??)([a-zO]+)(\d+)$/.exec(word) ?? [];
    const told: Message = message({
      topic: what === 'O' ? 'OK' : 'ENTRY',
      motion: what.includes('m'),
      smoke: what.includes('s'),
      temperature: what.includes('t') ? 31 : 30,
      seq: Number(seq),
    });
    if (doubtful) oracle.unknown(told);
    else oracle.acknowledged(told);
  }
  return oracle;
}

/** `type: 1,2,3 recovered; …`, possibilities parted by `|`. */
const outcome = (story: string): string[] =>
  [...told(story).expectations()].map(
    ({ type, possible }) =>
      `${type}: ${possible.map((alarms) => alarms.map((a) => `${a.evidence.join(',')}${a.recovered ? ' recovered' : ''}`).join('; ') || 'none').join(' | ')}`,
  );

describe('the oracle', () => {
  it.each([
    ['drops normal statuses', 'n1 n2 n3', []],
    ['takes a temperature at its maximum for normal', 'n1', []],
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
    for (const reading of [1, 2, 3]) oracle.acknowledged(message({ smoke: true, seq: 0, reading }));
    expect([...oracle.expectations()].map(({ possible }) => possible)).toEqual([
      [[{ readings: [1, 2, 3], evidence: [0, 0, 0], recovered: false }]],
    ]);
  });

  it('keeps sensors apart', () => {
    const oracle = new Oracle();
    for (const sensor of [1, 2, 3]) oracle.acknowledged(message({ sensor, smoke: true }));
    expect([...oracle.expectations()].every(({ possible }) => possible[0]?.length === 0)).toBe(true);
  });

  it('goes by other numbers of hits where it is told them', () => {
    const oracle = new Oracle({ motion: 2, smoke: 1, temperature: 3 });
    oracle.acknowledged(message({ motion: true, smoke: true }));
    expect([...oracle.expectations()].map(({ type, possible }) => [type, possible[0]?.length])).toEqual([
      ['motion', 0],
      ['smoke', 1],
    ]);
  });
});
