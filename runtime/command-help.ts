/** The help of programs, in one form, from their declarations. */
import type { Command, CommandGroup, List, Option } from './command-line.ts';

const WIDTH = 110;
/** A wider name gets a line of its own. */
const NAME_WIDTH_MAX = 26;
const INDENT = '  ';
const DONE: Readonly<Record<number, string>> = { 0: 'it is done', 1: 'it failed' };
const WRONG_USAGE = { 2: 'the command line or a setting is wrong' };

export function helpOf(command: Command): string {
  const { summary, about = [], words, options, lists = [], example } = command;
  const rows: List['rows'] = [
    ...(words ? [[words.name, words.help] as const] : []),
    ...Object.entries(options).map(([name, option]) => [leftOf(name, option), rightOf(option)] as const),
    ['-h, --help', 'this text'],
  ];
  return paragraphs([
    `Usage: ${usageOf(command)}`,
    ...[summary, ...about].map((each) => wrapped(each)),
    tableOf(rows),
    ...lists.map(({ heading, rows: each }) => `${heading}:\n${tableOf(each)}`),
    wrapped(exitCodesOf(command)),
    ...(example === undefined ? [] : [`Example: ${example}`]),
  ]);
}

export function groupHelpOf({ name, summary, commands }: CommandGroup): string {
  return paragraphs([
    `Usage: ${name} -- COMMAND …`,
    wrapped(summary),
    tableOf(Object.values(commands).map((each) => [usageOf(each).replace(`${name} -- `, ''), each.summary])),
    `${name} -- COMMAND --help says more about one of them.`,
  ]);
}

/** `npm run clients -- import FILE… [OPTION…]` */
export function usageOf({ name, words, options }: Pick<Command, 'name' | 'words' | 'options'>): string {
  const needed = words && words.min > 0 ? [words.name] : [];
  const optional = [...(words && words.min === 0 ? [words.name] : []), ...(Object.keys(options).length > 0 ? ['OPTION…'] : [])];
  if (name.includes(' -- ') || needed.length > 0)
    return [name, ...(name.includes(' -- ') ? [] : ['--']), ...needed, ...optional.map((each) => `[${each}]`)].join(' ');
  return optional.length === 0 ? name : `${name} [-- ${optional.join(' ')}]`;
}

function leftOf(name: string, { value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function rightOf({ help, default: fallback }: Option): string {
  return fallback === undefined ? help : `${help} (default ${fallback})`;
}

function exitCodesOf({ exitCodes = DONE }: Command): string {
  const codes = Object.entries({ ...exitCodes, ...WRONG_USAGE }).map(([code, meaning]) => `${code} when ${meaning}`);
  return `Ends with ${codes.join(', ')}.`;
}

function tableOf(rows: List['rows']): string {
  const width = Math.min(NAME_WIDTH_MAX, Math.max(...rows.map(([name]) => name.length))) + INDENT.length;
  return rows
    .map(([name, meaning]) => {
      const [first = '', ...more] = wrapped(meaning, WIDTH - INDENT.length - width).split('\n');
      const lines = name.length + INDENT.length > width ? [name, `${''.padEnd(width)}${first}`] : [`${name.padEnd(width)}${first}`];
      return [...lines, ...more.map((line) => `${''.padEnd(width)}${line}`)].map((line) => `${INDENT}${line}`.trimEnd()).join('\n');
    })
    .join('\n');
}

function wrapped(text: string, width = WIDTH): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + word.length < width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

function paragraphs(texts: readonly string[]): string {
  return `${texts.join('\n\n')}\n`;
}
