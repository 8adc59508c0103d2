/**
 * Turns what sensors send instead of JSON into JSON: bare `nan` (DHT22 and printf), `True` and `None` (Python), a decimal comma (locale), an empty value
 * (templates), a trailing comma, raw control characters, and quotes within texts. One such value must not hide the others.
 */
import { numberText } from './field-values.ts';

const SPACE_OR_COMMA = /[\s,]+/y;
const NAME = /("(?:[^"\\]|\\.)*")\s*:\s*/sy;
const TEXT = /"(?:[^"\\]|\\.)*"/sy;
const BARE = /[^,}\]]*/y;
/** What must follow a value if it has ended where it should. */
const ENDED = /\s*(?:\}|,[\s,]*(?:\}|"(?:[^"\\]|\\.)*"\s*:))/sy;
const NEXT_NAME = /,\s*(?="(?:[^"\\]|\\.)*"\s*:)/gs;
const NOTHING = /^(?:[+-]?(?:nan|inf|infinity|1\.#[a-z]+)(?:\([^)]*\))?|null|none|nil|undefined)?$/i;
const NESTED_TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/gs;
const ESCAPE_OR_CONTROL = /\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|\\|\p{Cc}/gu;

/** The object as JSON, with everything that can be kept. Undefined: it isn't a whole object in braces. */
export function repairedObject(text: string): string | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  const end = text.length - 1;
  const members: string[] = [];
  let i = 1;
  for (;;) {
    i += match(SPACE_OR_COMMA, text, i)?.[0].length ?? 0;
    if (i === end) return `{${members.join(',')}}`;
    const [beginning, name = ''] = match(NAME, text, i) ?? [];
    if (beginning === undefined) return undefined;
    i += beginning.length;
    const valueEnd = endOfValue(text, i, end);
    if (valueEnd === undefined) return undefined;
    members.push(`${repairedText(name)}:${repairedValue(text.slice(i, valueEnd).trim())}`);
    i = valueEnd;
  }
}

/**
 * The end of the value at `start`. One that doesn't end where it should (`21,5`, `"a"b"`) reaches to the next name, or to the end of the object. Undefined
 * if there is a brace before that: the next name may be another sensor's.
 */
function endOfValue(text: string, start: number, end: number): number | undefined {
  const valueEnd = start + (lengthOfValue(text, start) ?? 0);
  if (match(ENDED, text, valueEnd)) return valueEnd;
  const from = /[{[]/.test(text[start] ?? '') ? valueEnd : start;
  const next = match(NEXT_NAME, text, from)?.index ?? end;
  return next < from || /[{}]/.test(text.slice(from, next)) ? undefined : next;
}

function lengthOfValue(text: string, start: number): number | undefined {
  const first = text[start];
  if (first === '{' || first === '[') return nestedLength(text, start);
  return match(first === '"' ? TEXT : BARE, text, start)?.[0].length;
}

/** Length up to the bracket that closes the one at `start`; undefined: none does. */
function nestedLength(text: string, start: number): number | undefined {
  const closing: string[] = [];
  for (const { 0: token, index } of text.slice(start).matchAll(NESTED_TOKEN)) {
    if (token === '{') closing.push('}');
    else if (token === '[') closing.push(']');
    else if (token === '}' || token === ']') {
      if (closing.pop() !== token) return undefined;
      if (closing.length === 0) return index + 1;
    }
  }
  return undefined;
}

function repairedValue(raw: string): string {
  if (/^[{[]/.test(raw)) return repairedNested(raw);
  if (/^"(?:[^"\\]|\\.)*"$/s.test(raw)) return repairedText(raw);
  return repairedBare(raw);
}

function repairedBare(raw: string): string {
  const lower = raw.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower;
  if (NOTHING.test(raw)) return 'null';
  return numberText(raw) ?? JSON.stringify(raw);
}

function repairedNested(raw: string): string {
  const json = raw.replace(NESTED_TOKEN, (token, at: number) => {
    if (token.startsWith('"')) return repairedText(token);
    if (token === ',') return /^[\s,]*[}\]]/.test(raw.slice(at + 1)) ? '' : token;
    if (token === ':') return /^\s*[,}]/.test(raw.slice(at + 1)) ? ':null' : token;
    return /^[{}[\]]$/.test(token) ? token : repairedBare(token);
  });
  return isJson(json) ? json : JSON.stringify(raw);
}

/** Escapes raw control characters, and backslashes that escape nothing, in a JSON string with its quotes. */
function repairedText(raw: string): string {
  return raw.replace(ESCAPE_OR_CONTROL, (found) => {
    if (found === '\\') return '\\\\';
    return found.length > 1 ? found : JSON.stringify(found).slice(1, -1);
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The match from `at` on; for a sticky pattern, exactly there. */
function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
