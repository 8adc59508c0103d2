import { describe, expect, it } from 'vitest';
import { type Bulk, bulkWords } from '../../../page/bulk.ts';

const bulk = (total: number, outcomes: Bulk['outcomes'], state: Bulk['state'] = 'done'): Bulk => ({ id: 'x', total, outcomes, state });

describe('what becomes of many alarms, in words', () => {
  it.each<[Bulk, string]>([
    [bulk(1, {}, 'sending'), 'Acknowledging 1 alarm: 0 done…'],
    [bulk(2_000, { acknowledged: 1 }, 'sending'), 'Acknowledging 2,000 alarms: 1 done…'],
    [bulk(1, { acknowledged: 1 }), '1 alarm acknowledged.'],
    [bulk(2, { acknowledged: 2 }), '2 alarms acknowledged.'],
    [bulk(2, { acknowledged: 1, changed: 1 }), '1 alarm acknowledged; 1 changed meanwhile: look at it.'],
    [bulk(1, { 'left-out': 1 }), '0 alarms acknowledged; 1 was left out, since lives may depend on it.'],
    [bulk(3, { unknown: 2, acknowledged: 1 }), '1 alarm acknowledged; 2 were not found.'],
    [bulk(2, { acknowledged: 1 }, 'refused'), '1 of 2 alarms acknowledged, the other was refused: no reason was given.'],
    [bulk(3, { acknowledged: 1 }, 'untaken'), '1 of 3 alarms acknowledged, the others were not accepted: no reason was given.'],
    [bulk(1, {}, 'refused'), '0 of 1 alarm acknowledged, it was refused: no reason was given.'],
  ])('%j', (one, words) => {
    expect(bulkWords(one)).toBe(words);
  });
});
