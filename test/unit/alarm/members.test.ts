import { describe, expect, it } from 'vitest';
import { forEachLine, forEachMember } from '../../../alarm/members.ts';

/** The members and the problem, wherever the array is in its buffer, whatever surrounds it. */
function members(text: string, behind = ']}", {"'): { found: string[]; reason: string | undefined } {
  const bytes = Buffer.from(`]${text}${behind}`);
  const found: string[] = [];
  const reason = forEachMember(bytes, 1, 1 + Buffer.byteLength(text), (start, end) => found.push(bytes.toString('utf8', start, end)));
  return { found, reason };
}

const USUAL = '{"id":42959,"motion":true,"smoke":false,"temperature":25.5,"maxTemperature":30}';

/** Far enough from the end of the buffer. */
const BEHIND = ' '.repeat(128);

describe('whether it may be in usual form is said', () => {
  const WITH_MORE = `${USUAL.slice(0, -1)},"x":1}`;

  it('of each member of an array', () => {
    const bytes = Buffer.from(`[${USUAL}, {"id":2},${WITH_MORE}]${BEHIND}`);
    const said: boolean[] = [];
    forEachMember(bytes, 0, bytes.length - BEHIND.length, (_start, _end, mayBeUsual) => said.push(mayBeUsual));
    expect(said).toEqual([true, false, true]);
  });

  it('of each line, if it begins without white space', () => {
    const bytes = Buffer.from(`${USUAL}\n{"id":2}\n ${USUAL}\n ${WITH_MORE}\n${WITH_MORE}${BEHIND}`);
    const said: boolean[] = [];
    forEachLine(bytes, 0, bytes.length - BEHIND.length, (_start, _end, mayBeUsual) => said.push(mayBeUsual));
    expect(said).toEqual([true, false, true, true, true]);
  });
});

describe('the members of an array', () => {
  it.each([
    ['[]', []],
    [' [ ] ', []],
    ['[ ,,{"id":1}, , {"id":2}\n,]', ['{"id":1}', '{"id":2}']],
    ['[ {"a":"],["} ,\n{"b":[1,{"c":"\\"}"}]} , 5 ]', ['{"a":"],["}', '{"b":[1,{"c":"\\"}"}]}', '5']],
    ['[{"x":"},{"},{"id":2}]', ['{"x":"},{"}', '{"id":2}']],
    ['[{"x":"{"},{"id":2}]', ['{"x":"{"}', '{"id":2}']],
    ['[{"x":"{\\\\","y":[{},{}]},{"id":2}]', ['{"x":"{\\\\","y":[{},{}]}', '{"id":2}']],
    ['[{"x":"\\\\"},{"id":2}]', ['{"x":"\\\\"}', '{"id":2}']],
    [`[${USUAL},${USUAL},{"id":2},${USUAL}]`, [USUAL, USUAL, '{"id":2}', USUAL]],
    ['[[1,2],{"id":2}]', ['[1,2]', '{"id":2}']],
    ['[{"x":[1,{}],"y":[2,3]},{"id":2}]', ['{"x":[1,{}],"y":[2,3]}', '{"id":2}']],
  ])('are found: %s', (text, found) => {
    expect(members(text)).toEqual({ found, reason: undefined });
  });

  it.each([
    ['a quote too few', ['{"id":1,"x":"a}', '{"id":2}']],
    ['a quote too few in each of two', ['{"x":"a}', '{"y":"b}', '{"id":2}']],
    ['a quote too few in the last', ['{"id":2}', '{"id":1,"x":"a}']],
    ['a quote too few, and a list of objects in it', ['{"x":"a,"y":[{"z":1},{"z":2}]}', '{"id":2}']],
    ['a quote too few, and a list of objects in it, in the last', ['{"id":2}', '{"x":"a,"y":[{"z":1},{"z":2}]}']],
    ['a quote too few, and an object in it', ['{"x":{"y":1},"z":"a}', '{"id":2}']],
    ['a bracket that is not closed', ['{"a":[1}', '{"id":2}']],
    ['a brace that is not closed', ['{"a":1', '{"id":2}', '{"id":3}']],
    ['a brace that is not closed in the last', ['{"id":2}', '{"a":1']],
    ['a brace that is not closed, and several fields', ['{"a":1,"b":2', '{"id":2}', '{"id":3}']],
    ['a brace that is not closed in the last, and a list in it', ['{"id":2}', '{"a":[1],"b":2']],
    ['a quote too few and is no object', ['x"y', '{"id":2}', '{"id":3}']],
    ['a brace in a string and a word outside', ['{"x":"a} b",y}', '{"id":2}']],
    ['a word in an object of its list', ['[1,{"a"x}]', '{"id":2}']],
    ['such a list behind one with a brace in a string', ['{"x":"{"}', '[1,{"a"x}]', '{"id":2}']],
  ])('are found although one has %s', (_, found) => {
    for (const text of [`[${found.join(',')}]`, `[ ${found.join(' , ')} ] `]) expect(members(text)).toEqual({ found, reason: undefined });
  });

  it.each([
    ['', [], ''],
    ['{}', [], ''],
    ['x[]', [], ''],
    ['[', [], ": it doesn't end"],
    ['[{"a":1}', ['{"a":1}'], ": it doesn't end"],
    ['[{"a":1},', ['{"a":1}'], ": it doesn't end"],
    ['[{"a":1},{"x":"b}', ['{"a":1}', '{"x":"b}'], ": it doesn't end"],
    ['[{"a":1},{"x":"b', ['{"a":1}'], ": it doesn't end"],
    ['[{"a":1}},{"id":2}]', ['{"a":1}', '{"id":2}'], ': unexpected } at byte 8'],
    ['[{"a":1}},{"b":1}},{"id":2}]', ['{"a":1}', '{"b":1}', '{"id":2}'], ': unexpected } at byte 8'],
    ['[{"a":"{" x}] z', ['{"a":"{" x}'], ': something follows its end'],
    ['[{"a":1}] x', ['{"a":1}'], ': something follows its end'],
  ])('are found although something is wrong with the array: %s', (text, found, reason) => {
    for (const behind of [']}", {"', '}]', '"}]', ',{', '[]'])
      expect(members(text, behind)).toEqual({ found, reason: `not a JSON array${reason}` });
  });

  it('are found after one that is far too long', () => {
    const long = `{"x":"${'y'.repeat(9_000)}"}`;
    expect(members(`[{"id":1},${long},{"id":2}]`)).toEqual({ found: ['{"id":1}', long, '{"id":2}'], reason: undefined });
  });

  it('are looked at again a hundred times at most', () => {
    const broken = (count: number) => members(`[${'{"x":"a},'.repeat(count)}{"id":1}]`);
    expect([broken(100).found.length, broken(100).reason]).toEqual([101, undefined]);
    expect([broken(101).found.length, broken(101).reason]).toEqual([100, "not a JSON array: it doesn't end"]);
  });
});

function lines(text: string, behind = 'y\nz'): string[] {
  const bytes = Buffer.from(`x${text}${behind}`);
  const found: string[] = [];
  forEachLine(bytes, 1, 1 + text.length, (start, end) => found.push(bytes.toString('latin1', start, end)));
  return found;
}

describe('lines', () => {
  it.each([
    ['', []],
    ['\n \r\n\t\n', []],
    ['a', ['a']],
    ['a\nb\n', ['a', 'b']],
    [' a b \r\n\r\n\tc\t\r\n', ['a b', 'c']],
    [`${USUAL}\n${USUAL} \n x`, [USUAL, USUAL, 'x']],
    [`${USUAL}${USUAL}\nx`, [`${USUAL}${USUAL}`, 'x']],
  ])('are found in %j, but for blank ones', (text, found) => {
    expect(lines(text)).toEqual(found);
  });

  it('end with the range, even if the rest of a status follows it in the buffer', () => {
    for (const cut of [1, 40, USUAL.length - 1]) {
      const behind = `${USUAL.slice(cut)}\n${' '.repeat(128)}`;
      expect(lines(USUAL.slice(0, cut), behind)).toEqual([USUAL.slice(0, cut)]);
      expect(members(`[${USUAL.slice(0, cut)}`, behind).reason).toBe("not a JSON array: it doesn't end");
    }
  });
});
