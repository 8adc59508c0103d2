/** Decides who gets the mail of which alarm. Pure. */
import { REGIONS } from '../../../alarm/regions.ts';
import { SEVERITIES, type Severity } from '../../../alarm/severity.ts';
import type { MailedEvent } from '../../../records/delivery.ts';
import { nearestOf } from '../../../runtime/nearest.ts';
import { ADDRESS, RECIPIENTS_MAX } from './address.ts';

/** What routes see of a mail. `region` is empty if the client isn't known. */
export interface MailFacts {
  readonly region: string;
  readonly severity: Severity;
  /** Name of the type. */
  readonly type: string;
  readonly event: MailedEvent;
}

type Condition = keyof MailFacts;

/** A missing condition is met by every mail. */
export interface Route {
  /** For people: its number, and its text. */
  readonly title: string;
  readonly when: { readonly [C in Condition]?: readonly string[] };
  readonly to: readonly string[];
}

/** Routes, and everything that is wrong with the text, in plain words. */
export interface ParsedRoutes {
  readonly routes: readonly Route[];
  readonly problems: readonly string[];
}

const EVENTS: readonly MailedEvent[] = ['raised', 'cleared'];
/** The allowed words of each condition; undefined: names from the settings. */
const WORDS: Readonly<Record<Condition, readonly string[] | undefined>> = {
  ...{ region: REGIONS, severity: SEVERITIES, type: undefined, event: EVENTS },
};
const ROUTES_MAX = 100;

/**
 * All recipients of the matching routes, each once; `fallback` if none matches. A mail whose region isn't known also goes to `fallback`
 * if a route fails only for the region: better one mail too many.
 */
export function recipientsOf(routes: readonly Route[], fallback: readonly string[], facts: MailFacts): readonly string[] {
  const { region } = facts;
  const met = routes.filter(({ when }) => meets(when, facts));
  const undecided = region === '' && routes.some(({ when }) => when.region && meets({ ...when, region: undefined }, facts));
  const to = [...met.flatMap((route) => route.to), ...(met.length === 0 || undecided ? fallback : [])];
  return [...new Map(to.map((address) => [address.toLowerCase(), address])).values()];
}

/**
 * `region=UK,Asia;severity=critical -> a@x.example,b@y.example | type=smoke -> …`; `*` stands for all, and a new line for the bar. Whether there are
 * such types `problemsOfRoutes` knows.
 */
export function parseRoutes(text: string): ParsedRoutes {
  const problems: string[] = [];
  const parts = text.split(/[|\n]/).map((part) => part.trim());
  const routes = parts.flatMap((part, i) => {
    if (part === '') return [];
    const title = `route ${i + 1} (${part})`;
    const { route, problem } = parseRoute(part, title);
    if (problem) problems.push(`${title}: ${problem}`);
    return route ?? [];
  });
  if (routes.length > ROUTES_MAX) problems.push(`there must be at most ${ROUTES_MAX} routes`);
  return { routes, problems };
}

/** Problems of routes in an installation with these types, in plain words; none: they can be used. */
export function problemsOfRoutes(routes: readonly Route[], types: readonly string[]): readonly string[] {
  const strangers = routes.flatMap(({ title, when }) =>
    (when.type ?? [])
      .filter((type) => !types.includes(type))
      .map((type) => `${title}: there is no type ${type}, did you mean ${nearestOf(type, types)}? There are ${types.join(', ')}`),
  );
  return strangers.length > 0 ? strangers : tooMany(routes, types);
}

function parseRoute(text: string, title: string): { route?: Route; problem?: string } {
  const [conditions = '', addresses, ...more] = text.split('->');
  if (addresses === undefined || more.length > 0) return { problem: 'must be CONDITIONS -> ADDRESSES' };
  const to = listOf(addresses);
  const wrong = to.find((address) => !ADDRESS.test(address));
  if (to.length === 0 || wrong !== undefined) return { problem: `${wrong ?? 'nothing'} is not an e-mail address` };
  const when: Record<string, readonly string[]> = {};
  if (conditions.trim() !== '*') {
    for (const condition of conditions.split(';')) {
      const [name = '', values = '', ...rest] = condition.split('=').map((word) => word.trim());
      if (!isCondition(name) || rest.length > 0) return { problem: `${condition.trim() || 'nothing'} is not * or one of ${forms()}` };
      if (when[name]) return { problem: `${name} stands there twice` };
      const { words, problem } = wordsIn(values, WORDS[name]);
      if (problem !== undefined) return { problem: `${name} must be ${problem}` };
      when[name] = words;
    }
  }
  return { route: { title, when, to } };
}

/** The words of a condition in the spelling of `known`, whatever their case; names of types are lower case. */
function wordsIn(text: string, known: readonly string[] | undefined): { words: readonly string[]; problem?: string } {
  const words = listOf(text).map((word) => word.toLowerCase());
  if (known === undefined) return words.length > 0 ? { words } : { words, problem: 'names of types' };
  const spelt = words.map((word) => known.find((one) => one.toLowerCase() === word));
  const unknown = listOf(text).find((_, i) => spelt[i] === undefined);
  if (words.length > 0 && unknown === undefined) return { words: spelt.filter((word) => word !== undefined) };
  return { words: [], problem: `of ${known.join(', ')}${unknown === undefined ? '' : `, not ${unknown}`}` };
}

/** No alarm may have more recipients than a mail server must accept. */
function tooMany(routes: readonly Route[], types: readonly string[]): string[] {
  for (const region of REGIONS)
    for (const severity of SEVERITIES)
      for (const type of types)
        for (const event of EVENTS) {
          const { length } = recipientsOf(routes, [], { region, severity, type, event });
          if (length > RECIPIENTS_MAX)
            return [`a ${severity} ${type} alarm in ${region} would go to ${length} addresses: there must be at most ${RECIPIENTS_MAX}`];
        }
  return [];
}

function meets(when: { readonly [C in Condition]?: readonly string[] | undefined }, facts: MailFacts): boolean {
  return Object.entries(when).every(([name, words]) => words === undefined || words.includes(facts[name as Condition]));
}

function isCondition(name: string): name is Condition {
  return Object.hasOwn(WORDS, name);
}

function forms(): string {
  return Object.keys(WORDS)
    .map((name) => `${name}=…`)
    .join(', ');
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
