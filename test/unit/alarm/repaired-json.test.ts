/** How long and how deep a status may be, and what may surround it: cases where the fast ways of decoding give up. */
import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../alarm/decode.ts';
import { emptyRecovery, emptyStatus } from '../../../alarm/status.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { REFERENCE, typeWhen } from '../../support/alarm-types.ts';
import { REFERENCE_FIELDS, readingOf } from './reading.ts';

const decoder = new Decoder(REFERENCE);

/** What is stored for the status, or why it is refused; it is at some place in a batch. */
function stored(text: string, around = '', decode: 'status' | 'recovery' = 'status'): string {
  const bytes = Buffer.from(around + text + around);
  const [start, end] = [around.length, around.length + Buffer.byteLength(text)];
  const status = { ...emptyStatus(REFERENCE), repaired: Buffer.from('the one before') };
  const recovery = { ...emptyRecovery(), repaired: Buffer.from('the one before') };
  const [into, reason] =
    decode === 'status' ? [status, decoder.status(bytes, start, end, status)] : [recovery, decoder.recovery(bytes, start, end, recovery)];
  return reason ?? (into.repaired ?? text).toString();
}

/** A message of this many bytes. */
const padded = (beginning: string, bytes: number) => `${beginning},"name":"${'x'.repeat(bytes - beginning.length - 11)}"}`;

describe('a message', () => {
  const tooLong = 'longer than 4096 bytes';

  it('has at most 4,096 bytes', () => {
    for (const decode of ['status', 'recovery'] as const) {
      for (const beginning of ['{"id":1', '{"id":1,"radio":{}']) {
        const [longest, longer] = [padded(beginning, 4_096), padded(beginning, 4_097)];
        expect([stored(longest, '', decode), stored(longer, '', decode)]).toEqual([longest, tooLong]);
      }
    }
  });

  it('is stored with its known fields only if a repair makes it longer than that', () => {
    const beginning = '{"id":1,"smoke":nan';
    const inFull = padded('{"id":1,"smoke":null', 4_096);
    for (const [decode, known] of [
      ['status', '{"id":1,"smoke":null}'],
      ['recovery', '{"id":1}'],
    ] as const)
      expect([4_095, 4_096].map((bytes) => stored(padded(beginning, bytes), '', decode))).toEqual([inFull, known]);
  });

  it('is then stored with the fields that types read, whatever they are called', () => {
    const names = ['__proto__', 'constructor', 'toString', 'co'];
    const types = new TypeSet(names.map((name, i) => typeWhen(`t${i}`, `${name} > 1`)));
    const text = padded('{"id":1,"__proto__":5,"constructor":nan,"toString":7,"co":"8"', 4_096);
    const status = emptyStatus(types);
    expect(new Decoder(types).status(Buffer.from(text), 0, text.length, status)).toBeUndefined();
    expect(JSON.parse(status.repaired?.toString() ?? '')).toEqual(
      JSON.parse('{"id":1,"__proto__":5,"constructor":null,"toString":7,"co":8}'),
    );
    expect(status.repaired?.toString()).toContain('"__proto__":5');
  });

  it('lacks no field that only the previous one lacked', () => {
    const status = emptyStatus(REFERENCE);
    for (const text of ['{"id":1,"smoke":nan}', '{"id":1,"motion":True,"smoke":False,"temperature":20,"maxTemperature":30}'])
      expect(decoder.status(Buffer.from(text), 0, text.length, status)).toBeUndefined();
    expect([status.silent, readingOf(status).notReported, status.unreadable]).toEqual([0, [], []]);
  });

  it('has no values of the previous one', () => {
    const status = emptyStatus(REFERENCE);
    const fire = '{"id":1,"motion":true,"smoke":true,"temperature":90,"maxTemperature":30,"at":nan}';
    for (const text of [fire, '{"id":2}']) expect(decoder.status(Buffer.from(text), 0, text.length, status)).toBeUndefined();
    expect(readingOf(status)).toEqual({ id: 2, notReported: REFERENCE_FIELDS, unreadable: [] });
  });

  it('may lie anywhere in a batch', () => {
    for (const decode of ['status', 'recovery'] as const)
      expect(stored('{"id":1,"smoke":nan}', '['.repeat(5_000), decode)).toBe('{"id":1,"smoke":null}');
  });
});

describe('a repair', () => {
  it.each([
    ['keeps what texts within arrays hold', '{"id":1,"x":["]}",nan]}', '{"id":1,"x":["]}",null]}'],
    ['makes a text of an array with a text that never ends', '{"id":1,"x":["a ]}', '{"id":1,"x":"[\\"a ]"}'],
    [
      'leaves escapes as they are, and doubles backslashes that escape nothing',
      '{"id":1,"x":nan ,"y":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00eF","z":"C:\\u00g0\\u123\\q"}',
      '{"id":1,"x":null,"y":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00eF","z":"C:\\\\u00g0\\\\u123\\\\q"}',
    ],
    [
      'reads numbers as people write them',
      '{"id":1,"x":.5 ,"y":-007.0,"z":+21,5,"e":-,50E-2,"f":+.5e+3,"g":5.e3}',
      '{"id":1,"x":0.5,"y":-7.0,"z":21.5,"e":-0.50E-2,"f":0.5e+3,"g":5e3}',
    ],
    [
      'makes texts of what looks like a number',
      '{"id":1,"x":1e ,"y":.,"z":5x,"a":1.#,"b":1e+}',
      '{"id":1,"x":"1e","y":".","z":"5x","a":"1.#","b":"1e+"}',
    ],
    [
      'knows the words for no value',
      '{"id":1,"x":nil ,"y":-nan(ind),"z":+Infinity,"a":1.#QNAN,"b":undefined,"c":nan(,"d":nano,"e":INF(),"f":}',
      '{"id":1,"x":null,"y":null,"z":null,"a":null,"b":null,"c":"nan(","d":"nano","e":null,"f":null}',
    ],
    [
      'repairs what is nested',
      '{"id":1,"x":[1 ,True,{"a":,"b":"\n"},],"y":[1 2],"z":[,]}',
      '{"id":1,"x":[1 ,true,{"a":null,"b":"\\n"}],"y":"[1 2]","z":[]}',
    ],
    ['takes nothing for a name that has no colon', '{"id":1,"x":nan,"y" 5}', '{"id":1,"x":"nan,\\"y\\" 5"}'],
    ['refuses an object whose only name has no colon', '{"id" 1}', 'not valid JSON'],
  ])('%s', (_, text, expected) => {
    for (const around of ['', '"', ':']) expect(stored(text, around)).toBe(expected);
  });

  it('takes nothing for a name since one stood at the same place in the message before', () => {
    expect(stored('{"id":1 ,}')).toBe('{"id":1}');
    expect(stored(`{'id':1 ,}`)).toBe('not valid JSON');
  });

  it('makes texts of up to eight arrays that nothing closes, and refuses more', () => {
    const withOpen = (arrays: number, value: string) => `{"id":1${`,"x":${value}`.repeat(arrays)}}`;
    for (const arrays of [9, 8]) expect(stored(withOpen(arrays, '['))).toBe(arrays > 8 ? 'not valid JSON' : withOpen(arrays, '"["'));
    expect(stored(withOpen(20, '[nan]'))).toBe(withOpen(20, '[null]'));
  });
});

describe('a status of 32 levels', () => {
  const tooDeep = 'nested deeper than 32 levels';
  const nested = (open: string, close: string, levels: number) => `{"id":1,"x":${open.repeat(levels)}0${close.repeat(levels)}}`;

  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('is the deepest that is taken: %s', (_, open, close) => {
    expect(stored(nested(open, close, 31))).toBe(nested(open, close, 31));
    expect(stored(nested(open, close, 32))).toBe(tooDeep);
  });

  it.each([
    ['arrays beside one another', `[${Array(40).fill('[]').join(',')}]`],
    ['objects beside one another', `[${Array(40).fill('{}').join(',')}]`],
    ['brackets in a text', `["${'[{'.repeat(20)}"]`],
    ['brackets in a text, behind a quote', `["\\"${'[{'.repeat(20)}"]`],
    ['brackets in a text behind others', `["a","b","${'[{'.repeat(20)}"]`],
  ])('has no levels that are %s', (_, value) => {
    expect(stored(`{"id":1,"x":${value}}`)).toBe(`{"id":1,"x":${value}}`);
  });

  it('has levels after a text that ends with a backslash', () => {
    expect(stored(`{"id":1,"x":"\\\\","y":${'['.repeat(32)}${']'.repeat(32)}}`)).toBe(tooDeep);
  });

  it('has no levels after its end', () => {
    expect(decoder.status(Buffer.from('['.repeat(33)), 0, 32, emptyStatus(REFERENCE))).toBe('not valid JSON');
  });
});

describe('around a status', () => {
  it.each(['', ' ', '  \n', '\r\n', '\t', '\0', ' \0 ', '\u001f'])('there may be %j', (space) => {
    expect(stored(`${space}{"id":1,"smoke":nan}${space}`)).toBe('{"id":1,"smoke":null}');
  });

  it.each(['\0', ' \0 '])('there may be %j, which is not stored', (space) => {
    for (const decode of ['status', 'recovery'] as const) expect(stored(`${space}{"id":1}${space}`, '', decode)).toBe('{"id":1}');
  });

  it.each(['!', '\u007f', ',', 'x'])('there may not be %j', (text) => {
    expect([stored(`{"id":1,"smoke":nan}${text}`), stored(`${text}{"id":1,"smoke":nan}`)]).toEqual(['not valid JSON', 'not valid JSON']);
  });

  it('there may be a byte order mark, which is not stored', () => {
    expect([stored('\ufeff{"id":1}'), stored('\ufeff \n{"id":1,"smoke":nan}')]).toEqual(['{"id":1}', '{"id":1,"smoke":null}']);
    expect([stored('\ufeff'), stored('x\ufeff{"id":1}')]).toEqual(['not valid JSON', 'not valid JSON']);
  });
});
