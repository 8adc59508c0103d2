import { describe, expect, it } from 'vitest';
import { repairedJson } from '../../../alarm/repaired-json.ts';
import { scan } from '../../../alarm/scan.ts';
import { emptyStatus, STATUS_BYTES_MAX } from '../../../alarm/status.ts';
import { BAD_ID, patches, settle } from '../../../alarm/unusual-value.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { REFERENCE, typeWhen } from '../../support/alarm-types.ts';
import type { Reading } from './reading.ts';
import { dirtyMessage, random } from './random-messages.ts';
import { type SpecifiedStatus, specifiedStatus, USUAL } from './status-specification.ts';

/** No status has it. */
const UNTOUCHED = -1;

/** The reading of the object in the text, at some place in a buffer; undefined: it can't be read as it is. */
function read(text: string, around = '"'): Partial<Reading> | undefined {
  const start = text.search(/[^ \n\r\t]/);
  const bytes = Buffer.from(around + text + around);
  return text[start] === '{' ? scanned(bytes, around.length + start, around.length + Buffer.byteLength(text)) : undefined;
}

function scanned(bytes: Buffer, start: number, end: number): Partial<Reading> | undefined {
  const into = { ...emptyStatus(REFERENCE), id: UNTOUCHED };
  if (!scan(bytes, start, end, REFERENCE, into)) return undefined;
  settle(REFERENCE, into);
  const said = USUAL.map(([name, kind], i) => [name, kind === 'boolean' ? into.values[i] === 1 : into.values[i]]);
  return {
    ...Object.fromEntries(said.filter((_, i) => !Number.isNaN(into.values[i]))),
    ...(into.id !== UNTOUCHED && { id: into.id }),
    ...(into.at !== undefined && { at: into.at }),
    ...(into.seq !== undefined && { seq: into.seq }),
    ...(into.unreadable.length > 0 && { unreadable: into.unreadable }),
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

  it('only if it is whole, wherever the buffer ends within the longest name', () => {
    const types = new TypeSet([typeWhen('t', `${'x'.repeat(40)} > 1`)]);
    const text = `{"id":1,"${'x'.repeat(40)}":5}`;
    const into = emptyStatus(types);
    for (let end = text.length; end > 0; end -= 1) {
      const bytes = Buffer.from(text.slice(0, end));
      expect(scan(bytes, 0, end, types, into)).toBe(end === text.length);
    }
    expect(into.values[types.id - 1]).toBe(5);
  });

  it('from the comma on where the usual form ended', () => {
    const into = emptyStatus(REFERENCE);
    const text = ',"x":1,"at":5}';
    expect(scan(Buffer.from(text), 0, text.length, REFERENCE, into, USUAL.length - 1)).toBe(true);
    expect(into.at).toBe(5);
  });

  it('from a decimal comma on where the usual form seemed to have ended', () => {
    const into = emptyStatus(REFERENCE);
    const text = '{"maxTemperature":21,5,"at":5}';
    read('{"seq":1}');
    expect(scan(Buffer.from(text), text.indexOf(',5'), text.length, REFERENCE, into, USUAL.length - 1)).toBe(true);
    expect([into.values[USUAL.length - 1], into.at]).toEqual([21.5, 5]);
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

describe('an unusual status is read too', () => {
  it.each<[string, Partial<Reading>]>([
    ['{}', {}],
    ['{"id":1e1}', { id: 10 }],
    ['{"id":" 7 "}', { id: 7 }],
    ['{"id":1.5}', { id: BAD_ID }],
    ['{"id":-1}', { id: BAD_ID }],
    ['{"id":2147483648}', { id: BAD_ID }],
    ['{"id":4294967297}', { id: BAD_ID }],
    ['{"id":null,"x":1}', { id: BAD_ID }],
    ['{"id":{},"id":3}', { id: 3 }],
    ['{"seq":1.5}', { unreadable: ['seq'] }],
    ['{"seq":null,"at":""}', { unreadable: ['at', 'seq'] }],
    ['{"at":"2026-02-30T12:00:00Z"}', { unreadable: ['at'] }],
    ['{"at":" 2026-03-01T12:00Z"}', { at: NOON }],
    ['{"motion":2,"smoke":"yes"}', { unreadable: ['motion', 'smoke'] }],
    ['{"motion":" TRUE ","smoke":"0.0"}', { motion: true, smoke: false }],
    ['{"motion":"tr\\u0075e","smoke":"F\\u0061lse"}', { motion: true, smoke: false }],
    ['{"smoke":null}', { unreadable: ['smoke'] }],
    ['{"smoke":"unavailable","smoke":true}', { smoke: true }],
    ['{"smoke":true,"smoke":"unavailable"}', { unreadable: ['smoke'] }],
    ['{"temperature":"+21,5","maxTemperature":"03e1"}', { temperature: 21.5, maxTemperature: 30 }],
    ['{"temperature":[21.5],"maxTemperature":{"a":[]}}', { unreadable: ['temperature', 'maxTemperature'] }],
    ['{"id":1,"x":{"id":2,"y":[{}]},"z":[[]]}', { id: 1 }],
    ['{"id":1,"x":"a\\n\\"b"}', { id: 1 }],
    ['{"id":1,"ü":"ü € 😀"}', { id: 1 }],
    ['{"i\\u0064":1,"\\u0073\\u006Doke":true}', { id: 1, smoke: true }],
    ['{"id":1,"id\\u0022":2,"i\\d":3}'.replace('"i\\d"', '"i\\n"'), { id: 1 }],
    [`{"id":1,"${'\\u0061'.repeat(60)}":2}`, { id: 1 }],
  ])('%s', (text, expected) => {
    for (const around of ['"', '}', ',"id":7}', '9']) expect(read(text, around)).toEqual(expected);
  });

  it.each([
    ['{"id":1,"smoke":nan}', '{"id":1,"smoke":null}', { id: 1, unreadable: ['smoke'] }],
    ['{"id":1,"smoke":True,"motion":FALSE}', '{"id":1,"smoke":true,"motion":false}', { id: 1, smoke: true, motion: false }],
    ['{"id":1,"temperature":-21,5,"x":1}', '{"id":1,"temperature":-21.5,"x":1}', { id: 1, temperature: -21.5 }],
    ['{"id":1,"temperature":1094,09,"x":1}', '{"id":1,"temperature":1094.09,"x":1}', { id: 1, temperature: 1094.09 }],
    ['{"id":1,"smoke":1,0}', '{"id":1,"smoke":1.0}', { id: 1, smoke: true }],
    ['{"id":1,"x":,"y":-inf,"z":None}', '{"id":1,"x":null,"y":null,"z":null}', { id: 1 }],
    ['{"id":nan,"id":2}', '{"id":null,"id":2}', { id: 2 }],
    ['{"id":1,"motion":tru}', '{"id":1,"motion":"tru"}', { id: 1, unreadable: ['motion'] }],
    ['{"id":1,"motion":falsy,"x":z9!~}', '{"id":1,"motion":"falsy","x":"z9!~"}', { id: 1, unreadable: ['motion'] }],
    ['{"id":abc,"id":2}', '{"id":"abc","id":2}', { id: 2 }],
    ['{"id":1,"at":now,"seq":Next}', '{"id":1,"at":"now","seq":"Next"}', { id: 1, unreadable: ['at', 'seq'] }],
    ['{"id":1,"x":"a\nb\u001fü","y":2}', '{"id":1,"x":"a\\nb\\u001fü","y":2}', { id: 1 }],
    [
      '{"id":1,"motion":"\ttrue","temperature":"21,5\r"}',
      '{"id":1,"motion":"\\ttrue","temperature":"21,5\\r"}',
      { id: 1, motion: true, temperature: 21.5 },
    ],
    [
      '{"id":"\n7","seq":"8\t","at":"2026-03-01T12:00:00Z\n"}',
      '{"id":"\\n7","seq":"8\\t","at":"2026-03-01T12:00:00Z\\n"}',
      { id: 7, seq: 8, at: Date.parse('2026-03-01T12:00:00Z') },
    ],
    ['{"id":1,"smoke":"ye\u0000s"}', '{"id":1,"smoke":"ye\\u0000s"}', { id: 1, unreadable: ['smoke'] }],
  ])('with patches: %s', (text, patched, expected) => {
    expect(read(text)).toEqual(expected);
    expect(patches.applied(Buffer.from(`"${text}"`), 1, Buffer.byteLength(text) + 1).toString()).toBe(patched);
  });

  it('with as many patches as a status has bytes, and no more', () => {
    const withBreaks = (breaks: number): string => `{"id":1,"x":"${'\n'.repeat(breaks)}"}`;
    const text = withBreaks(STATUS_BYTES_MAX);
    expect(read(text, '')).toEqual({ id: 1 });
    expect(patches.applied(Buffer.from(text), 0, text.length).toString()).toBe(text.replaceAll('\n', '\\n'));
    expect(read(withBreaks(STATUS_BYTES_MAX + 1))).toBeUndefined();
  });

  it('by patches exactly as by a repair of the whole', () => {
    const next = random(20_261_130);
    const into = emptyStatus(REFERENCE);
    let patched = 0;
    for (let i = 0; i < 20_000; i += 1) {
      const bytes = dirtyMessage(next);
      if (bytes[0] !== 0x7b || !scan(bytes, 0, bytes.length, REFERENCE, into) || patches.length === 0) continue;
      patched += 1;
      const repaired = patches.applied(bytes, 0, bytes.length).toString();
      expect(repaired).toBe(repairedJson(bytes, 0, bytes.length).toString());
      expect(read(bytes.toString())).toEqual(read(repaired));
    }
    expect(patched).toBeGreaterThan(1_000);
  });
});

describe('a status is not read', () => {
  it.each([
    '',
    '[]',
    '{"x":1}x',
    '{"id":1}}',
    '{"id":1,}',
    '{,}',
    '{"id" 1}',
    '{"id":"1}',
    '{"id":1"}',
    '{"motion":"true}',
    '{"motion":true"}',
    '{"temperature":"25.5}',
    '{"temperature":1.5,5}',
    '{"temperature":21,5,5}',
    '{"temperature":007}',
    '{"at":2026-03-01T12:00:00Z}',
    '{"at":"2026-03-01T12:00:00Z}',
    '{"id":1, "x":nan}',
    '{"id":1,"x":nan,}',
    '{"id":1,"x":[nan]}',
    '{"id":1,"x":+5}',
    '{"id":1,"x":a b}',
    '{"id":1,"x":a"b}',
    '{"id":1,"x":a\\b}',
    '{"id":1,"x":a\u007fb}',
    '{"id":1,"x":ä}',
    '{"id":1,"x":a,y}',
    '{"id":1,"x":a:1,5}',
    '{"id":1,"x":"a\nb}',
    '{"id":1,"x":"a\n\\"}',
    '{"id":1,"x":"a\n"b"}',
    '{"id":1,"x":"\\"}',
    '{"id":1,"x":"\\u12"}',
    "{'id':1}",
    `{"id":1,"x":${'['.repeat(32)}${']'.repeat(32)}}`,
  ])('%s', (text) => {
    expect(read(text)).toBeUndefined();
  });

  it('with a byte that is no UTF-8', () => {
    for (const byte of ['\u0080', '\u00ff']) {
      for (const text of [byte, `\n${byte}`, `${byte}\n`]) {
        const bytes = Buffer.from(`{"id":1,"x":"${text}"}`, 'latin1');
        expect(scanned(bytes, 0, bytes.length)).toBeUndefined();
      }
    }
  });

  const plain = ({ id, at, seq, said, unreadable }: SpecifiedStatus): Partial<Reading> => ({
    ...Object.fromEntries(said),
    id,
    ...(at !== undefined && { at }),
    ...(seq !== undefined && { seq }),
    ...(unreadable.length > 0 && { unreadable }),
  });

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
          if (status?.id === undefined || status.id === BAD_ID) expect(specified).toBeUndefined();
          else if (patches.length === 0) expect([changed, status]).toEqual([changed, specified && plain(specified)]);
        }
      }
    }
  });
});
