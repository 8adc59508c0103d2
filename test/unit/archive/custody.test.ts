import { describe, expect, it } from 'vitest';
import type { AlarmChange } from '../../../alarm/alarm.ts';
import type { Delivery } from '../../../records/delivery.ts';
import { custodyOf, custodyOfDelivery, inOrderOfTime } from '../../../archive/custody.ts';
import type { CustodyEntry } from '../../../archive/port.ts';
import { alarmOf, NOON } from '../../support/alarms.ts';

const ACTION = { id: '1', alarm: 'a42959-smoke-17', sensor: 42_959, kind: 'note', version: 1, by: 'ann' } as const;
const change = (event: AlarmChange['event'], more: Partial<AlarmChange> = {}): AlarmChange => ({
  event,
  at: NOON,
  cause: { topic: 'ACTION', partition: 1, offset: 2 },
  alarm: alarmOf(),
  ...more,
});

describe('the custody of an alarm', () => {
  it('begins with the readings that made it', () => {
    const entries = custodyOf(change('raised', { cause: { topic: 'ENTRY', partition: 0, offset: 17 } }));
    expect(entries.map(({ kind, position, at }) => [kind, position, at])).toEqual([
      ['accepted', 'ENTRY/0@3', NOON - 120_000],
      ['accepted', 'ENTRY/0@9', NOON - 60_000],
      ['accepted', 'ENTRY/0@17', NOON],
      ['raised', 'ENTRY/0@17', NOON],
    ]);
    expect(new Set(entries.map(({ key }) => key)).size).toBe(4);
  });

  it('names who acted, and the notes', () => {
    expect(custodyOf(change('acknowledged', { action: { ...ACTION, kind: 'acknowledge', note: '' } }))).toEqual([
      { key: 'acknowledged ACTION/1@2', at: NOON, kind: 'acknowledged', position: 'ACTION/1@2', by: 'ann' },
    ]);
    expect(custodyOf(change('noted', { action: { ...ACTION, note: 'called' } }))).toMatchObject([
      { kind: 'noted', by: 'ann', note: 'called' },
    ]);
    expect(custodyOf(change('noted', { action: ACTION }))[0]).not.toHaveProperty('note');
    expect(custodyOf(change('noted'))[0]).not.toHaveProperty('by');
  });

  it.each([
    [{ disposition: 'false', note: 'toast' }, 'false: toast'],
    [{ disposition: 'test' }, 'test'],
    [{ note: 'toast' }, 'genuine: toast'],
  ] as const)('says what an alarm was by %o', (said, note) => {
    const action = { ...ACTION, kind: 'disposition', ...said } as const;
    expect(custodyOf(change('disposed', { action, alarm: alarmOf({ disposition: 'genuine' }) }))).toMatchObject([
      { kind: 'disposed', by: 'ann', note },
    ]);
  });

  it('ends with its clearing; being seen again is no step', () => {
    expect(custodyOf(change('cleared'))).toEqual([{ key: 'cleared', at: NOON, kind: 'cleared', position: 'ACTION/1@2' }]);
    expect(custodyOf(change('seen'))).toEqual([]);
  });

  it.each<[Partial<Delivery>, string, string]>([
    [{}, 'mailed', 'raised'],
    [{ event: 'cleared', outcome: 'parked' }, 'mail-parked', 'cleared'],
    [{ completes: true }, 'mailed', 'raised, completed with the client'],
  ])('has each mail: %o', (more, kind, note) => {
    const record: Delivery = {
      alarm: 'a',
      sensor: 7,
      event: 'raised',
      outcome: 'sent',
      messageId: '<a>',
      reply: '250',
      attempts: 1,
      at: NOON,
      ...more,
    };
    const position = { topic: 'DELIVERY', partition: 0, offset: 4 };
    expect(custodyOfDelivery(record, position)).toEqual({
      key: 'mail DELIVERY/0@4',
      at: NOON,
      kind,
      position: 'DELIVERY/0@4',
      note,
      messageId: '<a>',
      reply: '250',
    });
  });
});

it('steps of the same moment are in their logical order', () => {
  const step = (kind: CustodyEntry['kind'], at: number, key: string = kind): CustodyEntry => ({ key, at, kind });
  const inOrder = [
    step('cleared', 1),
    step('accepted', 2, 'accepted a'),
    step('accepted', 2, 'accepted b'),
    step('accepted', 2, 'accepted b'),
    step('accepted', 2, 'accepted c'),
    step('raised', 2),
    step('mailed', 2),
    step('acknowledged', 2),
    step('cleared', 2),
    step('accepted', 3),
  ];
  for (let turn = 0; turn < inOrder.length; turn += 1)
    expect(inOrderOfTime([...inOrder.slice(turn), ...inOrder.slice(0, turn)])).toEqual(inOrder);
  expect(inOrderOfTime(inOrder.toReversed())).toEqual(inOrder);
});
