/** YAML as people write it: its value, and where in the text each part of it stands. */
import {
  type CST,
  Composer,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type YAMLError,
} from 'yaml';

/** Where something stands in a text, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Place {
  readonly problem: string;
}

/** The keys and indexes that lead to a value. */
export type Path = readonly (string | number)[];

export interface Yaml {
  /** Made of objects, arrays, strings, numbers, booleans and null; undefined where the problems leave nothing to read. */
  readonly value: unknown;
  /** What is wrong with the text as YAML, in its order. */
  readonly problems: readonly YamlProblem[];
  /** The place of a key or list item; for one that is not there, the place of its nearest parent. */
  placeOf(path: Path): Place;
}

/** The library recurses as deep as the text nests, and takes seconds for millions of tokens or thousands of aliases. */
const DEPTH_MAX = 100;
const TOKENS_MAX = 50_000;
const ALIASES_MAX = 100;

const OPTIONS = {
  schema: 'core',
  resolveKnownTags: false,
  stringKeys: true,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

/** Replaces messages of the library that don't say what to do. */
const WORDS: { readonly [C in YAMLError['code']]?: string } = {
  TAB_AS_INDENT: 'a tab cannot indent: write spaces',
  NON_STRING_KEY: 'a key must be a plain name',
};

/** 010 is 8 by YAML 1.1 and 10 by YAML 1.2. */
const LEADING_ZERO = /^[-+]?0[0-9]/;

const NAME_SHOWN_MAX = 40;
const PLAIN_NAME = /^[\w-]+…?$/;

interface Fault {
  readonly offset: number;
  readonly problem: string;
}

/** Reads one document of YAML 1.2. Never throws, whatever the text. */
export function readYaml(text: string): Yaml {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems = (faults: readonly Fault[]): YamlProblem[] =>
    faults.toSorted((a, b) => a.offset - b.offset).map(({ offset, problem }) => ({ ...at(offset), problem }));

  const { tokens, fault } = tokensOf(text, lines);
  const [document, second] = fault ? [] : [...new Composer(OPTIONS).compose(tokens, true, text.length)];
  if (!document) return { value: undefined, problems: problems(fault ? [fault] : []), placeOf: () => at(0) };
  const placeOf = (path: Path): Place => at(offsetOf(document, path));
  const faults = faultsOf(document, second);
  if (faults.length > 0) return { value: undefined, problems: problems(faults), placeOf };
  try {
    return { value: document.toJS({ maxAliasCount: ALIASES_MAX }), problems: problems(ambiguitiesOf(document)), placeOf };
  } catch {
    return {
      value: undefined,
      problems: problems([
        {
          offset: 0,
          problem: `its aliases (*name) cannot be resolved: each needs its anchor (&name) before it, and they may not multiply`,
        },
      ]),
      placeOf,
    };
  }
}

/** If the text is too much for the rest of the library, the tokens end there with a fault. */
function tokensOf(text: string, lines: LineCounter): { readonly tokens: readonly CST.Token[]; readonly fault?: Fault } {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    count += 1;
    if (parser.stack.length > DEPTH_MAX) return { tokens, fault: { offset: parser.offset, problem: 'it is nested too deeply here' } };
    if (count > TOKENS_MAX) return { tokens, fault: { offset: parser.offset, problem: 'there is too much before this' } };
  }
  tokens.push(...parser.end());
  return { tokens };
}

function faultsOf(document: Document.Parsed, second: Document.Parsed | undefined): Fault[] {
  const faults = [...document.errors, ...document.warnings].map(({ pos: [offset], code, message }) => ({
    offset,
    problem: WORDS[code] ?? decapitalized(message),
  }));
  if (second) faults.push({ offset: second.range[0], problem: 'a second document begins here, but a file has only one' });
  let aliases = 0;
  visit(document, {
    Alias(_, alias) {
      const offset = alias.range?.[0] ?? 0;
      aliases += 1;
      if (aliases > ALIASES_MAX) {
        faults.push({ offset, problem: `there are more than ${ALIASES_MAX} aliases (*name)` });
        return visit.BREAK;
      }
      if (!alias.resolve(document)) faults.push({ offset, problem: `there is no &${alias.source} before this` });
      return undefined;
    },
  });
  return faults;
}

/** Problems of text that can be read, but hardly as it was meant. */
function ambiguitiesOf(document: Document.Parsed): Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Map(_, { items }, around) {
      const path = around.flatMap((each) => (isPair(each) && isScalar(each.key) ? String(each.key.value) : []));
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value))
          faults.push({ offset: key.range?.[0] ?? 0, problem: `${pathText([...path, String(key.value)])} is there twice` });
        seen.add(key.value);
      }
    },
    Scalar(_, { value, source = '', range }) {
      if (typeof value === 'number' && LEADING_ZERO.test(source))
        faults.push({
          offset: range?.[0] ?? 0,
          problem: `${source} means different numbers to different programs: leave out the leading 0`,
        });
    },
  });
  return faults;
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    const collection = isAlias(node) ? node.resolve(document) : node;
    // If a key is there twice, the last one counts.
    const pair = isMap(collection) ? collection.items.findLast(({ key }) => isScalar(key) && key.value === step) : undefined;
    const item: unknown = pair ? pair.key : isSeq(collection) && typeof step === 'number' ? collection.items[step] : undefined;
    if (!isNode(item)) break;
    offset = item.range?.[0] ?? offset;
    node = pair ? pair.value : item;
  }
  return offset;
}

/** `types.smoke.hits` */
export function pathText(path: Path): string {
  return path.map((step) => nameText(String(step))).join('.');
}

/** A name from the text, on one line and shortened. */
export function nameText(name: string): string {
  const short = name.length > NAME_SHOWN_MAX ? `${name.slice(0, NAME_SHOWN_MAX)}…` : name;
  return PLAIN_NAME.test(short) ? short : JSON.stringify(short);
}

function decapitalized(text: string): string {
  return `${text[0]?.toLowerCase()}${text.slice(1)}`;
}
