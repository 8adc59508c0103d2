import { describe, expect, it } from 'vitest';
import { scan } from '../../../alarm/scan.ts';
import { emptyStatus } from '../../../alarm/status.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import type { Reading } from './reading.ts';
import { type SpecifiedStatus, specifiedStatus, USUAL } from './status-specification.ts';

/** No status has it. */
const UNTOUCHED = -1;

/** The reading of the object in the text, at some place in a buffer; undefined: left to validate.ts. */
function read(text: string, around = '"'): Partial<Reading> | undefined {
  const start = text.search(/[^ \n\r\t]/);
  const bytes = Buffer.from(around + text + around);
  return text[start] === '{' ? scanned(bytes, around.length + start, around.length + Buffer.byteLength(text)) : undefined;
}

function scanned(bytes: Buffer, start: number, end: number): Partial<Reading> | undefined {
  const into = { ...emptyStatus(REFERENCE), id: UNTOUCHED };
  if (!scan(bytes, start, end, REFERENCE, into)) return undefined;
  const said = USUAL.map(([name, kind], i) => [name, kind === 'boolean' ? into.values[i] === 1 : into.values[i]]);
  return {
    ...Object.fromEntries(said.filter((_, i) => !Number.isNaN(into.values[i]))),
    ...(into.id !== UNTOUCHED && { id: into.id }),
    ...(into.at !== undefined && { at: into.at }),
    ...(into.seq !== undefined && { seq: into.seq }),
  };
}

const NOON = Date.UTC(2026, 2, 1, 12);

describe('a status is read at once', () => {
  it.each<[string, Partial<Reading>]>([
    ['{"id":42959}', { id: 42959 }],
    ['{"id":"42959"}', { id: 42959 }],
    ['{"id":0}', { id: 0 }],
    ['{"id":-0}', { id: 0 }],
    ['{"id":2147483647}', { id: 2147483647 }],
    ['{"motion":true,"smoke":false}', { motion: true, smoke: false }],
    ['{"smoke":"true","motion":"false"}', { motion: false, smoke: true }],
    ['{"motion":1,"smoke":0}', { motion: true, smoke: false }],
    ['{"smoke":"1","motion":"0"}', { motion: false, smoke: true }],
    ['{"temperature":25.5,"maxTemperature":-30}', { temperature: 25.5, maxTemperature: -30 }],
    ['{"maxTemperature":"30.25","temperature":"-0.5"}', { temperature: -0.5, maxTemperature: 30.25 }],
    ['{"at":1764000000000,"seq":12}', { at: 1_764_000_000_000, seq: 12 }],
    ['{"at":"-5","seq":"0"}', { at: -5, seq: 0 }],
    ['{"seq":-0}', { seq: 0 }],
    ['{"seq":999999999999999}', { seq: 999_999_999_999_999 }],
    ['{"at":"2026-03-01T12:00:00Z"}', { at: NOON }],
    ['{"id":1,"name":"Joe ~\u007f","x":null,"y":true,"z":false,"n":-1.5,"":""}', { id: 1 }],
    ['{"id":1,"id":2}', { id: 2 }],
    [
      '{"seq":1,"at":2,"maxTemperature":3,"temperature":4,"smoke":true,"motion":true,"id":5}',
      { id: 5, motion: true, smoke: true, temperature: 4, maxTemperature: 3, at: 2, seq: 1 },
    ],
  ])('%s', (text, expected) => {
    for (const around of ['"', '{', '}', ',"id":7}', ' ', '9']) expect(read(text, around)).toEqual(expected);
  });

  it('without changing absent fields', () => {
    const into = { ...emptyStatus(REFERENCE), at: 5, seq: 6 };
    into.values[1] = 1;
    expect(scan(Buffer.from('{"id":1}'), 0, 8, REFERENCE, into)).toBe(true);
    expect([into.values[1], into.at, into.seq]).toEqual([1, 5, 6]);
  });

  it('at every distance from the end of the buffer', () => {
    const text = '{"motion":true,"smoke":false,"temperature":25.5,"maxTemperature":-30,"id":7,"at":5,"seq":6}';
    for (const tail of [' ', '9', '"']) {
      for (let room = 0; room <= 120; room += 1) {
        const bytes = Buffer.from(text + tail.repeat(room));
        expect(scanned(bytes, 0, text.length)).toEqual(JSON.parse(text));
        for (const end of [text.length - 1, text.indexOf('e,'), text.indexOf('25')]) expect(scanned(bytes, 0, end)).toBeUndefined();
      }
    }
  });

  it('from the comma on where the usual form ended', () => {
    const into = emptyStatus(REFERENCE);
    const text = ',"x":1,"at":5}';
    expect(scan(Buffer.from(text), 0, text.length, REFERENCE, into, USUAL.length - 1)).toBe(true);
    expect(into.at).toBe(5);
  });

  it('whatever white space it has', () => {
    const tokens = ['', '{', '"id"', ':', '1', ',', '"name"', ':', '"x"', ',', '"smoke"', ':', 'true', '}', ''];
    for (const space of [' ', '\n', '\r', '\t', ' \r\n\t ']) {
      expect(read(tokens.join(space))).toEqual({ id: 1, smoke: true });
      for (let i = 1; i < tokens.length; i += 1)
        expect(read(tokens.slice(0, i).join('') + space + tokens.slice(i).join(''))).toEqual({ id: 1, smoke: true });
    }
  });
});

describe('a status is left to others', () => {
  it.each([
    '',
    '{}',
    '[]',
    '{"x":1}x',
    '{"id":1}}',
    '{"id":1,}',
    '{"id" 1}',
    '{"id":}',
    '{"id":"1}',
    '{"id":1"}',
    '{"id":1.5}',
    '{"id":-1}',
    '{"id":2147483648}',
    '{"id":4294967297}',
    '{"id":1e1}',
    '{"id":null}',
    '{"seq":1.5}',
    '{"seq":-1}',
    '{"motion":True}',
    '{"motion":2}',
    '{"motion":"true}',
    '{"motion":true"}',
    '{"motion":"yes"}',
    '{"motion":tru}',
    '{"motion":falsy}',
    '{"motion":talse}',
    '{"smoke":null}',
    '{"temperature":"25.5}',
    '{"temperature":"2026-03-01T12:00:00Z"}',
    '{"at":2026-03-01T12:00:00Z}',
    '{"at":"2026-02-30T12:00:00Z"}',
    '{"at":"noon"}',
    '{"at":""}',
    '{"at":"2026-03-01T12:00:00Z}',
    '{"id":1,"x":{}}',
    '{"id":1,"x":[]}',
    '{"id":1,"x":nil}',
    '{"id":1,"x":nan}',
    '{"id":1,"x":"a\\n"}',
    '{"id":1,"x":"\\"}',
    '{"id":1,"x":"a\nb"}',
    '{"id":1,"x":"a\u001fb"}',
    '{"id":1,"x":"\u00fc"}',
    '{"id":1,"x\\u0041":1}',
    '{"id":1,"\u00fc":1}',
    "{'id':1}",
  ])('%s', (text) => {
    expect(read(text)).toBeUndefined();
  });

  it('with a byte that is no UTF-8', () => {
    for (const byte of ['\u0080', '\u00ff']) expect(scanned(Buffer.from(`{"id":1,"x":"${byte}"}`, 'latin1'), 0, 16)).toBeUndefined();
  });

  const plain = ({ id, at, seq, said }: SpecifiedStatus): Partial<Reading> => ({ ...Object.fromEntries(said), id, at, seq });

  const WHOLE = [
    '{"id":42959,"motion":true,"smoke":"false","temperature":25.5,"maxTemperature":"30.0","at":"2026-03-01T12:00:00Z","seq":12}',
    ' { "id" : "7" , "name" : "Joe" , "motion" : "1" , "smoke" : 0 , "x" : null , "at" : 5 } ',
  ];

  it('where it breaks off, whatever follows', () => {
    for (const whole of WHOLE) {
      const bytes = Buffer.from(whole);
      for (let end = whole.indexOf('{'); end < whole.trimEnd().length; end += 1)
        expect(scanned(bytes, whole.indexOf('{'), end)).toBeUndefined();
    }
  });

  it('if one byte makes it uncertain', () => {
    for (const whole of WHOLE) {
      for (let i = 0; i < whole.length; i += 1) {
        for (const byte of '/0159:.-+,"}{ etfx\\\0\u00ff') {
          const changed = `${whole.slice(0, i)}${byte}${whole.slice(i + 1)}`;
          const status = read(changed);
          const specified = specifiedStatus(Buffer.from(changed), USUAL);
          if (status?.id !== undefined) expect([changed, status]).toEqual([changed, specified && plain(specified)]);
        }
      }
    }
  });
});
