import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../alarm/decode.ts';
import { emptyStatus } from '../../../alarm/status.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { hasWarnings, warningCount, warningsOf } from '../../../alarm/warnings.ts';
import { REFERENCE, typeWhen, withTypes } from '../../support/alarm-types.ts';

function warnings(text: string, types: TypeSet): string[] {
  const status = emptyStatus(types);
  expect(new Decoder(types).status(Buffer.from(text), 0, Buffer.byteLength(text), status)).toBeUndefined();
  const found = warningsOf(status, types).map(({ field, warning }) => `${field} ${warning}`);
  expect(hasWarnings(status, types)).toBe(found.length > 0);
  expect(warningCount(status, types)).toBe(found.length);
  return found;
}

const SAYS_ALL = '"motion":true,"smoke":false,"temperature":20,"maxTemperature":30';

describe('the sender of a status is warned', () => {
  it.each<[string, string[]]>([
    [`{"id":1,${SAYS_ALL}}`, []],
    [`{"id":1,${SAYS_ALL},"at":5,"seq":6,"water":null}`, []],
    [
      '{"id":1}',
      [
        'motion not reported: motion raises no alarm',
        'smoke not reported: smoke raises no alarm',
        'temperature not reported: heat raises no alarm',
        'maxTemperature not reported: heat raises no alarm',
      ],
    ],
    [
      '{"id":1,"motion":"x","smoke":null,"temperature":nan,"maxTemperature":""}',
      [
        'motion unreadable: motion raises no alarm',
        'smoke unreadable: smoke raises no alarm',
        'temperature unreadable: heat raises no alarm',
        'maxTemperature unreadable: heat raises no alarm',
      ],
    ],
    [
      `{"id":1,${SAYS_ALL},"at":"noon","seq":-1}`,
      ["at unreadable: the sensor's own time is not shown", 'seq unreadable: a reading that is sent again counts again'],
    ],
  ])('of each field that the reference system reads, and of its time and counter: %s', (text, expected) => {
    expect(warnings(text, REFERENCE)).toEqual(expected);
  });

  const own = withTypes(
    typeWhen('water', 'water'),
    typeWhen('gas', 'co > limit', { expected: true, label: 'Gas' }),
    typeWhen('gas-low', 'co > 5', { label: 'A little Gas' }),
  );

  it.each<[string, string[]]>([
    [`{"id":1,${SAYS_ALL},"co":1,"limit":5}`, []],
    [`{"id":1,${SAYS_ALL},"co":1,"limit":5,"water":true}`, []],
    [`{"id":1,${SAYS_ALL},"co":1,"limit":5,"water":"wet"}`, ['water unreadable: water raises no alarm']],
    [`{"id":1,${SAYS_ALL},"co":1}`, ['limit not reported: gas raises no alarm']],
    [`{"id":1,${SAYS_ALL},"limit":1}`, ['co not reported: gas, a little gas raise no alarm']],
    [`{"id":1,${SAYS_ALL},"co":"x","limit":5}`, ['co unreadable: gas, a little gas raise no alarm']],
  ])('of fields of an own type only if they cannot be read, or every sensor should report them: %s', (text, expected) => {
    expect(warnings(text, own)).toEqual(expected);
  });

  it('of no usual field that no type reads', () => {
    const types = new TypeSet([typeWhen('water', 'water')]);
    expect([warnings('{"id":1,"smoke":"x","motion":null}', types), warnings('{"id":1,"smoke":"x","water":7}', types)]).toEqual([
      [],
      ['water unreadable: water raises no alarm'],
    ]);
  });
});
