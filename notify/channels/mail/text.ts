/** Makes text from outside safe for a header, a line of plain text and HTML. */

/** Control characters, line ends, lone surrogates, and marks that change the direction of writing, so that text would read differently. */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/** One line, at most `max` characters. */
export function oneLine(text: string, max: number): string {
  const line = text.replace(UNSAFE, ' ').trim();
  const characters = Array.from(line.slice(0, max * 2 + 2));
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : line;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
