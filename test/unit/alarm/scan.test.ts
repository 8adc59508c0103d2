import { describe, expect, it } from 'vitest';
import { scan } from '../../../alarm/scan.ts';
import { emptyStatus, type Status } from '../../../alarm/status.ts';
import { FIELDS } from './fields.ts';
import { specifiedStatus } from './status-specification.ts';

/** The fields that are read from the text, which lies somewhere in a buffer; undefined: it is left to others. */
function read(text: string, around = '"'): Partial<Status> | undefined {
  const into = { ...emptyStatus(), at: 5, seq: 5 };
  const bytes = Buffer.from(around + text + around);
  const found = scan(bytes, around.length, around.length + Buffer.byteLength(text), into);
  return found === 0 ? undefined : Object.fromEntries(FIELDS.filter(([, bit]) => (found & bit) !== 0).map(([name]) => [name, into[name]]));
}

const NOON = Date.UTC(2026, 2, 1, 12);

describe('a status is read at once', () => {
  it.each<[string, Partial<Status>]>([
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

  it('without a time or a counter that the one before had', () => {
    const into = { ...emptyStatus(), at: 5, seq: 5 };
    scan(Buffer.from('{"id":1}'), 0, 8, into);
    expect([into.at, into.seq]).toEqual([undefined, undefined]);
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
    for (const byte of ['\u0080', '\u00ff']) expect(scan(Buffer.from(`{"id":1,"x":"${byte}"}`, 'latin1'), 0, 16, emptyStatus())).toBe(0);
  });

  const WHOLE = [
    '{"id":42959,"motion":true,"smoke":"false","temperature":25.5,"maxTemperature":"30.0","at":"2026-03-01T12:00:00Z","seq":12}',
    ' { "id" : "7" , "name" : "Joe" , "motion" : "1" , "smoke" : 0 , "x" : null , "at" : 5 } ',
  ];

  it('where it breaks off, whatever follows', () => {
    for (const whole of WHOLE) {
      const bytes = Buffer.from(whole);
      for (let end = 0; end < whole.trimEnd().length; end += 1) expect(scan(bytes, 0, end, emptyStatus())).toBe(0);
    }
  });

  it('where one byte makes it something that it is not sure of', () => {
    for (const whole of WHOLE) {
      for (let i = 0; i < whole.length; i += 1) {
        for (const byte of '/0159:.-+,"}{ etfx\\\0\u00ff') {
          const changed = `${whole.slice(0, i)}${byte}${whole.slice(i + 1)}`;
          const status = read(changed);
          const specified = specifiedStatus(Buffer.from(changed));
          if (status?.id !== undefined) expect([changed, { ...specified, ...status }]).toEqual([changed, specified]);
        }
      }
    }
  });
});
