import { describe, expect, it } from 'vitest';
import type { Status } from '../../../alarm/status.ts';
import { readUsualForm, spreadValues } from '../../../alarm/usual-form.ts';
import { type Reading, readingOf, statusSaying } from './reading.ts';

/** Values of the previous status, which must not show. */
const dirty = (): Status => statusSaying({ id: 1, motion: true, smoke: true, temperature: 1, maxTemperature: 1, at: 1, seq: 1 });

/** The status read from the text, at some place in a buffer; undefined: it isn't in usual form. */
function read(text: string): Reading | undefined {
  const into = dirty();
  const end = readUsualForm(Buffer.from(`"${text}${'9'.repeat(128)}`, 'latin1'), 1, into);
  if (end !== 1 + text.length) return undefined;
  const { hits } = into;
  spreadValues(into);
  const reading = readingOf(into);
  const expected = [reading.motion, reading.smoke, Number(reading.temperature) > Number(reading.maxTemperature)];
  expect(expected.map((isHit, i) => (isHit === true ? 1 << i : 0)).reduce((sum, bit) => sum + bit)).toBe(hits);
  return reading;
}

const SAYS_ALL = { notReported: [], unreadable: [] };
const text = (fields: object): string =>
  JSON.stringify({ id: 42959, motion: true, smoke: false, temperature: 25.5, maxTemperature: 30, ...fields });

describe('a status in usual form', () => {
  it.each([
    {},
    ...[0, 9, 10, 123_456_789, 999_999_999].map((id) => ({ id })),
    { motion: false },
    { smoke: true },
    { motion: false, smoke: true },
    ...[0, 9, -5, 0.5, -0.1, 19.9, 100, 999.9, -999.9, 0.9].flatMap((value) => [{ temperature: value }, { maxTemperature: value }]),
    ...[0, 9, 10, 999_999_999].map((seq) => ({ seq })),
    { id: 999_999_999, temperature: -100.5, maxTemperature: -200.5, seq: 999_999_999, smoke: true },
  ])('is read with %j', (fields) => {
    expect(read(text(fields))).toEqual({ ...SAYS_ALL, ...JSON.parse(text(fields)) });
  });

  it('is read with a minus zero and a decimal that is zero', () => {
    const minus = read(text({}).replace('25.5', '-0').replace('30', '-0.0'));
    expect([minus?.temperature, minus?.maxTemperature]).toEqual([-0, -0]);
    expect(read(text({}).replace('30', '30.0'))?.maxTemperature).toBe(30);
  });

  it.each([
    ['an id of ten digits', text({ id: 9_999_999_999 })],
    ['a counter of ten digits', text({ seq: 9_999_999_999 })],
    ['a temperature of four digits', text({ temperature: 1_000 })],
    ['two decimals', text({ temperature: 20.25 })],
    ['an exponent', text({}).replace('25.5', '2e1')],
    ['zeros in front', text({}).replace('42959', '07')],
    ['zeros in front of a temperature', text({}).replace('25.5', '05.5')],
    ['zeros in front of a negative one', text({}).replace('25.5', '-05')],
    ['zeros in front of a counter', text({ seq: 5 }).replace(':5}', ':05}')],
    ['no id', text({}).replace('42959', '')],
    ['no temperature', text({}).replace('25.5', '')],
    ['a minus alone', text({}).replace('25.5', '-')],
    ['a point without decimals', text({}).replace('25.5', '25.')],
    ['a point in front', text({}).replace('25.5', '.5')],
    ['a negative id', text({ id: -1 })],
    ['no counter', text({ seq: 5 }).replace(':5}', ':}')],
    ['white space', text({}).replace(',', ', ')],
    ['another field', text({ at: 5 })],
    ['another order', '{"motion":true,"id":42959,"smoke":false,"temperature":25.5,"maxTemperature":30}'],
    ['a field behind the counter', text({ seq: 5, at: 5 })],
    ['no end', text({}).slice(0, -1)],
  ])('is none with %s', (_, text) => {
    expect(read(text)).toBeUndefined();
  });

  it('is not accepted if one byte changes, unless the result is in usual form too', () => {
    for (const whole of [text({}), text({ id: 7, motion: false, temperature: -5, maxTemperature: 0.5, seq: 7 })]) {
      for (let i = 0; i < whole.length; i += 1) {
        for (const byte of '/0159:.-+,"}{ etfx\0\u00ff') {
          const changed = `${whole.slice(0, i)}${byte}${whole.slice(i + 1)}`;
          const status = read(changed);
          if (status) expect([changed, status]).toEqual([changed, { ...SAYS_ALL, ...JSON.parse(changed) }]);
        }
      }
    }
  });

  it('is read as long as 128 bytes are left of the buffer', () => {
    for (const [room, end] of [
      [128, text({}).length],
      [127, -1],
    ] as const) {
      const bytes = Buffer.alloc(room);
      bytes.write(text({}));
      expect(readUsualForm(bytes, 0, dirty())).toBe(end);
    }
  });

  it.each([text({ at: 5 }), text({ seq: 5, at: 5 }), text({ seq: 9_999_999_999 }), text({}).replace('}', ', "x":1}')])(
    'is read up to the comma behind which something else follows: %s',
    (whole) => {
      const into = dirty();
      expect(readUsualForm(Buffer.from(whole + ' '.repeat(128)), 0, into)).toBe(1 - text({}).length);
      expect(readingOf(into)).toEqual({ ...SAYS_ALL, ...JSON.parse(text({})) });
    },
  );

  it('is read from the given buffer, even if another one in the same memory was read before', () => {
    const memory = Buffer.alloc(400);
    const status = dirty();
    for (const [id, bytes] of [7, 8].flatMap((id) => [[id, memory.subarray(0, 300)] as const, [id + 10, memory.subarray(100)] as const])) {
      bytes.write(text({ id }));
      readUsualForm(bytes, 0, status);
      expect(status.id).toBe(id);
    }
  });
});
