/** The format of a body, by its Content-Type and its first bytes. */
const LINES = /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines)$/;
const JSON_OF_ANY_KIND = /^(?:application\/(?:[^/]+\+)?|text\/)json$/;
/** Character sets in which the characters of a status have the same bytes as in UTF-8. */
const LIKE_UTF8 = /^"?(?:utf-?8|(?:us-)?ascii|latin-?1|iso-8859-\d+|windows-125\d)"?$/;

/** The format that a Content-Type names; undefined: none that is understood. Without a Content-Type it is JSON. */
export function formatOf(contentType: string | undefined): 'json' | 'lines' | undefined {
  if (contentType === 'application/json' || !contentType) return 'json';
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=', 2);
    if (name?.trim() === 'charset' && !LIKE_UTF8.test(value.trim())) return undefined;
  }
  if (LINES.test(type)) return 'lines';
  return JSON_OF_ANY_KIND.test(type) ? 'json' : undefined;
}

/** Where the text begins: after the byte order mark that some programs put in front. */
export function afterMark(body: Buffer, bodyLength: number): number {
  return bodyLength >= 3 && body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
}

/** Where the text ends: before the zeros of a program that sends its whole buffer. */
export function withoutPadding(body: Buffer, bodyLength: number): number {
  let end = bodyLength;
  while (end > 0 && body[end - 1] === 0) end -= 1;
  return end;
}

/** Whether the body is UTF-16, by its byte order mark or the zeros beside each character. */
export function isUtf16(body: Buffer, bodyLength: number): boolean {
  if (bodyLength < 2) return false;
  const first = body[0];
  const second = body[1];
  return first === 0 || second === 0 || (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
