/** Random messages from a seed, from valid to broken. */
import type { SpecifiedField } from './status-specification.ts';

export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ODD_NUMBERS = [
  '-0',
  '1e3',
  '1E+2',
  '5e-1',
  '007',
  '01.5',
  '-01',
  '1.',
  '.5',
  '+1',
  '1e999',
  '-1e999',
  '1e',
  '--1',
  '0x10',
  'NaN',
  'Infinity',
  '2147483647',
  '2147483648',
  '42959.0',
  '0.1',
  '123456789012345',
  '1234567890123456',
  '9007199254740991',
  '9007199254740993',
  '0.30000000000000004',
  '123456789.123456789',
  '4.35',
  '1e21',
  '-0.0',
  '25.5 ',
  ' 25.5',
  '1_000',
  '8640000000000000',
  '8640000000000001',
]; // prettier-ignore
const BOOLEANS = ['true', 'false', '"true"', '"false"', 'false', 'false'];
const ODD_BOOLEANS = ['True', '"TRUE"', '1', 'null', '"yes"', '"true "', 'tru', 'truee', '"tr\\u0075e"', '[true]'];
const TIMES = [
  '1764000000000',
  '"1764000000000"',
  '"2026-03-01T12:00:00Z"',
  '"2026-03-01T12:00:00.123+02:00"',
  '"2024-02-29T23:59Z"',
  '"0099-01-01T00:00:00Z"',
];
const ODD_TIMES = [
  '"2026-02-30T00:00:00Z"',
  '"2026-03-01T24:00:00Z"',
  '"2026-03-01T12:00:00"',
  '"2026-13-01T00:00:00Z"',
  '"2026-03-01"',
  'null',
  '""',
  '"2026-03-01T12:00:60Z"',
  '"2026-03-01T12:00:00,5Z"',
  '"2026-03-01T12:00:00.1234567-23:59"',
  '"2023-02-29T00:00:00Z"',
  'true',
];
const OTHER_VALUES = [
  'null',
  'true',
  '1.5',
  '"text"',
  '"é"',
  '"a\\"b"',
  '{"a":[1,{"b":2}]}',
  '[]',
  '"\\u0041"',
  '"tab\there"',
  '"}"',
  '"{\\"id\\":1}"',
  '""',
  '-1e5',
];
const OTHER_KEYS = [
  'firmware',
  'é',
  'id ',
  'ID',
  '',
  '__proto__',
  'constructor',
  'motio',
  'smokee',
  'i\\u0064',
  'at_',
  'toString',
  'maxTemperatur',
];
const SPACES = ['', '', '', '', ' ', '\n', '\t ', '\r\n', '\u00a0', '\f'];

export function message(next: () => number): Buffer {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  const often = (share: number) => next() < share;
  const spaced = often(0.2);
  const space = () => (spaced ? pick(SPACES) : '');
  const odd = often(0.4) ? 0.15 : 0;
  const quoted = (text: string) => (often(0.3) ? `"${text}"` : text);
  const number = (plain: () => string) => quoted(often(odd) ? pick(ODD_NUMBERS) : plain());
  const id = () => number(() => String(Math.floor(next() * 2 ** pick([3, 16, 31, 32]))));
  const temperature = () => number(() => (next() * 200 - 50).toFixed(pick([0, 1, 1, 1, 2, 14])));
  const boolean = () => (often(odd) ? pick(ODD_BOOLEANS) : pick(BOOLEANS));

  const fields: [string, string][] = [
    ['id', id()],
    ['motion', boolean()],
    ['smoke', boolean()],
    ['temperature', temperature()],
    ['maxTemperature', temperature()],
  ];
  if (often(0.2)) fields.push(['at', often(odd) ? pick(ODD_TIMES) : pick(TIMES)]);
  if (often(0.2)) fields.push(['seq', number(() => String(Math.floor(next() * 1e9)))]);
  if (often(0.2)) fields.push([pick(OTHER_KEYS), pick(OTHER_VALUES)]);
  if (often(odd)) fields.push([pick(fields)[0], pick([id, temperature, boolean])()]);
  if (often(odd)) fields.splice(Math.floor(next() * fields.length), 1);
  if (often(0.5)) fields.sort(() => next() - 0.5);

  const body = fields.map(([key, value]) => `${space()}"${key}"${space()}:${space()}${value}${space()}`).join(',');
  const bytes = Buffer.from(`${space()}{${body}}${space()}`);
  return often(0.3) ? mutate(bytes, next) : bytes;
}

const DIRTY_VALUES = [
  'nan',
  'NaN',
  '-inf',
  '+Infinity',
  '1.#QNAN',
  '1.#inf(',
  'nan(0x1)',
  'nan(a)b)',
  'None',
  'nil',
  'undefined',
  'NULL',
  'True',
  'FALSE',
  'tru',
  '',
  ' ',
  '21,5',
  '-,5',
  '+.5',
  '5.',
  '007',
  '1e3',
  '1E+5',
  '1e',
  '1.2.3',
  '1.5,5',
  '--1',
  'abc',
  'a b',
  '"a"b"',
  '"a\\"',
  '"C:\\Dir"',
  '"\\u12"',
  '"\\u0031"',
  '"tr\\u0075e"',
  '"tab\there"',
  '"\u0001"',
  '\u0001',
  '"é"',
  'é',
  '"\u00a0 21.5\u3000"',
  '"\\u00a021.5"',
  '" 1 "',
  '"+1"',
  '"1e0"',
  '"0,0"',
  '"TRUE"',
  '" False "',
  '"unavailable"',
  '""',
  '{}',
  '[]',
  '[1,2,]',
  '[,]',
  '[ , ,]',
  '{"a":}',
  '{"a":,"b":nan}',
  '{"a":1 2}',
  '[1,2',
  '{"a":[}',
  '["]"]',
  '[",]',
  '[1]x',
  '{"a":{"b":[nan,None,21,5]}}',
  '[ \u00a0 1]',
  '[:]',
  '{:}',
  '["a" "b"]',
  '2147483648',
  '1.5',
  '-0',
  '-1',
  '"2026-03-01T12:00:00Z"',
  '1e400',
  '"0x10"',
  'null',
  'true',
  'false',
  '1',
  '"1.0"',
  '\u2028',
  '1\u2028',
  '"\\',
  '"a',
  '\\"',
  '\\',
]; // prettier-ignore
const DIRTY_NAMES = [
  'id',
  'motion',
  'smoke',
  'temperature',
  'maxTemperature',
  'at',
  'seq',
  'x',
  'i\\u0064',
  '\\u0073moke',
  'id\\u0022',
  'é',
  'a"b',
  '__proto__',
  '',
  'i\\d',
  '\t',
]; // prettier-ignore
const DIRTY_COMMAS = [',', ',', ',', ',', ',', ', ', ' , ', ',,', ',', ' ', ';', '\n,', '\u00a0,', ',\ufeff', ''];
const DIRTY_ENDS = ['}', '}', '}', '}', '},', ',}', ' }', '}\0', '}}', ']}', ''];

/** Tidy but for some of its values. */
const TIDY_VALUES = [
  'nan',
  'None',
  'True',
  'false',
  '21,5',
  '-0,5',
  '1,0',
  '',
  '-inf',
  '1',
  '"x"',
  '"tr\\u0075e"',
  '21.5',
  '[1]',
  '007',
  '1,',
  '1,5,5',
];

/** Much of what senders do wrong, in one message, in Latin-1 at times. */
export function dirtyMessage(next: () => number): Buffer {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  const tidy = next() < 0.5;
  const value = (): string => pick(tidy ? TIDY_VALUES : DIRTY_VALUES);
  const members = [next() < 0.9 ? '"id":42' : `"id":${value()}`];
  for (let left = Math.floor(next() * (tidy ? 6 : 3)); left > 0; left -= 1) {
    const colon = tidy ? ':' : pick([':', ':', ':', ':', ': ', '\u00a0:\u3000', '']);
    members.splice(Math.floor(next() * (members.length + 1)), 0, `"${pick(DIRTY_NAMES)}"${colon}${value()}`);
  }
  const text = members.map((member, i) => (i === 0 ? '' : tidy ? ',' : pick(DIRTY_COMMAS)) + member).join('');
  const whole = tidy ? `{${text}}` : `${pick(['{', '{', '{', '{ ', '\ufeff{', '\0{', ''])}${text}${pick(DIRTY_ENDS)}`;
  const bytes = Buffer.from(whole, next() < 0.1 ? 'latin1' : 'utf8');
  return next() < 0.15 ? mutate(bytes, next) : bytes;
}

/** In usual form, or one byte different. */
export function usualMessage(next: () => number): Buffer {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  const whole = (digitsMax: number) => String(Math.floor(next() * 10 ** Math.ceil(next() * digitsMax)));
  const degrees = () =>
    `${pick(['', '', '-'])}${whole(next() < 0.2 ? 4 : 3)}${pick(['', '.0', '.0', `.${whole(1)}`, `.${whole(1)}`, `.${whole(1)}`, `.${whole(3)}`])}`;
  const seq = pick(['', '', `,"seq":${whole(11)}`]);
  const text = `{"id":${whole(11)},"motion":${pick([true, false])},"smoke":${pick([true, false])},"temperature":${degrees()},"maxTemperature":${degrees()}${seq}}`;
  return next() < 0.5 ? mutate(Buffer.from(text), next) : Buffer.from(text);
}

/** A message over any fields: the usual ones first and in usual form, or anywhere; the others in whatever order, many of them missing. */
export function wideMessage(next: () => number, fields: readonly SpecifiedField[]): Buffer {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  const often = (share: number) => next() < share;
  const odd = often(0.4) ? 0.1 : 0;
  const quotes = often(0.2) ? 0.3 : 0;
  const quoted = (text: string) => (often(quotes) ? `"${text}"` : text);
  const number = () =>
    often(odd) ? pick(ODD_NUMBERS) : quoted(pick([() => `${Math.floor(next() * 100)}`, () => (next() * 200 - 50).toFixed(1)])());
  const boolean = () => (often(odd) ? pick(ODD_BOOLEANS) : often(quotes) ? pick(BOOLEANS) : String(often(0.5)));
  const text = ([, kind]: SpecifiedField) => (kind === 'boolean' ? boolean() : number());
  const member = (field: SpecifiedField): string => `"${field[0]}":${text(field)}`;

  const usualFirst = often(0.6);
  const usual = `"id":${Math.floor(next() * 1e6)},"motion":${often(0.5)},"smoke":${often(0.5)},"temperature":${(next() * 100).toFixed(1)},"maxTemperature":30`;
  const presence = pick([1, 1, 0.7, 0.2]);
  const others = fields.filter(([name]) => !usualFirst || !usual.includes(`"${name}"`)).filter(() => often(presence));
  if (often(0.4)) others.sort(() => next() - 0.5);
  const members = others.map(member);
  const insert = (text: string) => members.splice(Math.floor(next() * (members.length + 1)), 0, text);
  if (!usualFirst && !often(odd)) insert(`"id":${often(odd) ? pick(ODD_NUMBERS) : Math.floor(next() * 2 ** 31)}`);
  if (often(0.3)) insert(`"at":${often(odd) ? pick(ODD_TIMES) : pick(TIMES)}`);
  if (often(0.3)) insert(`"seq":${often(odd) ? pick(ODD_NUMBERS) : Math.floor(next() * 1e9)}`);
  if (often(0.3)) insert(`"${besideOf(pick(fields)[0], next)}":${pick(OTHER_VALUES)}`);
  if (often(0.2)) insert(`"${pick(OTHER_KEYS)}":${pick(OTHER_VALUES)}`);
  if (often(0.2)) insert(member(pick(fields)));
  if (usualFirst) members.unshift(usual);
  const space = often(0.1) ? pick(SPACES) : '';
  const bytes = Buffer.from(`{${space}${members.join(`${space},${space}`)}${space}}`);
  return often(0.15) ? mutate(bytes, next) : bytes;
}

/** An unknown name as similar to a field's as possible; by accident it may be another field's. */
function besideOf(name: string, next: () => number): string {
  const at = Math.floor(next() * name.length);
  const kind = Math.floor(next() * 4);
  if (kind === 0) return name.slice(0, at);
  if (kind === 1) return `${name}${name.slice(at, at + 1)}`;
  if (kind === 2) return `${name.slice(0, at)}x${name.slice(at + 1)}`;
  return name.slice(at);
}

const TELLING = Buffer.from('{}[]",:\\ \n\t\r0123456789-+.eEtfn\0\u001f\x7f', 'latin1');

export function mutate(bytes: Buffer, next: () => number): Buffer {
  const at = Math.floor(next() * bytes.length);
  const byte = next() < 0.7 ? (TELLING[Math.floor(next() * TELLING.length)] as number) : Math.floor(next() * 256);
  const kind = Math.floor(next() * 5);
  if (kind === 0) return bytes.subarray(0, at);
  if (kind === 1) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  if (kind === 2) return Buffer.concat([bytes.subarray(0, at), Buffer.of(byte), bytes.subarray(at)]);
  const changed = Buffer.from(bytes);
  changed[at] = byte;
  return kind === 3 ? changed : mutate(changed, next);
}
