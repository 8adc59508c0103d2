import { describe, expect, it } from 'vitest';
import { actionKey } from '../../../console/api/schemas-incidents.ts';
import { happenedWords, placeWords } from '../../../page/incident-words.ts';
import { newUuid } from '../../../page/new-id.ts';

const AT = '2026-03-02T10:00:00.000Z';

it('the key of an action is a UUID that the server takes, another one each time', () => {
  const keys = Array.from({ length: 50 }, newUuid);
  for (const key of keys) expect(actionKey.safeParse(key).success, key).toBe(true);
  expect(new Set(keys).size).toBe(50);
});

describe('an event of the custody', () => {
  it.each([
    [{ event: 'opened', member: '1-smoke-0-1' }, 'opened: 1-smoke-0-1'],
    [{ event: 'taken', by: 'ann', over: 'bob' }, 'taken by ann: from bob'],
    [{ event: 'held', by: 'ann', minutes: 5, note: 'the key comes' }, 'held by ann: for 5 min, the key comes'],
    [{ event: 'said', to: ['desk', 'chief'] }, 'said: to desk, chief'],
    [{ event: 'returned', why: 'absent' }, 'returned: absent'],
    [{ event: 'restored' }, 'restored'],
  ])('%j is "%s"', (happened, words) => expect(happenedWords({ at: AT, ...happened })).toBe(words));
});

it('a place is as exact as it is known and may be seen', () => {
  expect([placeWords({ site: 'Mill Lane 3', region: 'North' }), placeWords({ region: 'North' }), placeWords({ region: '' })]).toEqual([
    ...['Mill Lane 3, North', 'North', 'unknown place'],
  ]);
});
