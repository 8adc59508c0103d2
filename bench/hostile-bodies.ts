/** Bodies that are meant to cost the server much: one for each way of being wrong. */
export interface HostileBody {
  readonly name: string;
  readonly type: string;
  readonly body: string;
}

const MEMBERS_MAX = 10_000;
const BYTES_MAX = 200_000;

/** As many members as fit into a batch. */
function members(make: (i: number) => string): string[] {
  const found: string[] = [];
  for (let i = 0, bytes = 0; i < MEMBERS_MAX && bytes < BYTES_MAX; i += 1) {
    const member = make(i);
    found.push(member);
    bytes += member.length + 1;
  }
  return found;
}

const array = (name: string, make: (i: number) => string): HostileBody => ({ name, type: 'application/json', body: `[${members(make)}]` });
const lines = (name: string, make: (i: number) => string): HostileBody => ({
  name,
  type: 'application/x-ndjson',
  body: members(make).join('\n'),
});

const DEEP = '['.repeat(30) + ']'.repeat(30);

export const HOSTILE: readonly HostileBody[] = [
  array('10,000 members x', () => 'x'),
  lines('10,000 lines x', () => 'x'),
  array('numbers', () => '17'),
  array('no ids', () => '{}'),
  array('huge ids', () => `{"id":1e${'9'.repeat(50)}}`),
  array('nesting', () => '['.repeat(40) + ']'.repeat(40)),
  array('braces without end', () => '{{{{'),
  array('quotes without end', () => '{"'),
  array('braces in quotes', () => '{"x":"a{'),
  array('values without end', () => '{"id":1,"smoke":'),
  array('long members', () => `"${'x'.repeat(4_100)}"`),
  { name: 'compressed', type: 'application/json\r\ncontent-encoding: gzip', body: 'x'.repeat(BYTES_MAX) },
  { name: 'another type', type: 'text/html', body: 'x'.repeat(BYTES_MAX) },
  array('fields null', (i) => `{"id":${i},"smoke":null}`),
  array('fields of text', (i) => `{"id":${i},"smoke":"unavailable"}`),
  array('fields nan', (i) => `{"id":${i},"smoke":nan}`),
  array('escaped names', (i) => `{"id":${i},"\\u0061":1}`),
  array('unknown fields, nested', (i) => `{"id":${i},"a":${DEEP}}`),
  array('unknown fields, bare', (i) => `{"id":${i},"a":abc}`),
  array('decimal commas', (i) => `{"id":${i},"temperature":21,5}`),
  array('control characters', (i) => `{"id":${i},"a":"\t"}`),
  array('escaped values', (i) => `{"id":${i},"smoke":"\\u0074rue"}`),
  array('commas in a row', (i) => `{"id":${i},"smoke":nan,"a":[${','.repeat(3_900)}1]}`),
  array('escaped quotes', (i) => `{"id":${i},"smoke":nan,"a":[${'"\\"'.repeat(1_300)}1]}`),
  array('many fields nan', (i) => `{"id":${i},${'"x":nan,'.repeat(490)}"y":1}`),
];

/** Statuses as sensors send them, of this many bytes or a few less. */
export function goodBody(bytes: number): string {
  const found: string[] = [];
  for (let i = 0, length = 1; ; i += 1) {
    const status = `{"id":${i % 50_000},"motion":false,"smoke":false,"temperature":21.5,"maxTemperature":30.0}`;
    length += status.length + 1;
    if (i > 0 && length > bytes) return `[${found}]`;
    found.push(status);
  }
}
