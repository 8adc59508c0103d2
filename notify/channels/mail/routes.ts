/** Who gets the mail of which alarm. Pure. */
import { REGIONS } from '../../../alarm/regions.ts';
import { SEVERITIES, type Severity } from '../../../alarm/rules.ts';
import { ALARM_TYPES, type AlarmType } from '../../../alarm/status.ts';
import type { MailedEvent } from '../../../records/delivery.ts';
import { ADDRESS, RECIPIENTS_MAX } from './address.ts';

/** What a mail is about. `region` is empty when the client isn't known. */
export interface MailFacts {
  readonly region: string;
  readonly severity: Severity;
  readonly type: AlarmType;
  readonly event: MailedEvent;
}

type Condition = keyof MailFacts;

/** A condition that isn't named is met by all. */
export interface Route {
  readonly when: { readonly [C in Condition]?: readonly string[] };
  readonly to: readonly string[];
}

/** Routes, and all that is wrong with the text, in plain words. */
export interface ParsedRoutes {
  readonly routes: readonly Route[];
  readonly problems: readonly string[];
}

const EVENTS: readonly MailedEvent[] = ['raised', 'cleared'];
const WORDS: Readonly<Record<Condition, readonly string[]>> = { region: REGIONS, severity: SEVERITIES, type: ALARM_TYPES, event: EVENTS };
const ROUTES_MAX = 100;

/**
 * All recipients of the routes that the mail meets, each once; `fallback` when it meets none. A mail whose region isn't known goes to `fallback`
 * as well if a region is all that a route lacks: better one mail too many.
 */
export function recipientsOf(routes: readonly Route[], fallback: readonly string[], facts: MailFacts): readonly string[] {
  const { region } = facts;
  const met = routes.filter(({ when }) => meets(when, facts));
  const undecided = region === '' && routes.some(({ when }) => when.region && meets({ ...when, region: undefined }, facts));
  const to = [...met.flatMap((route) => route.to), ...(met.length === 0 || undecided ? fallback : [])];
  return [...new Map(to.map((address) => [address.toLowerCase(), address])).values()];
}

/** `region=UK,Asia;severity=critical -> a@x.example,b@y.example | type=smoke -> …`; `*` for all; a line end does for the bar. */
export function parseRoutes(text: string): ParsedRoutes {
  const problems: string[] = [];
  const parts = text.split(/[|\n]/).map((part) => part.trim());
  const routes = parts.flatMap((part, i) => {
    if (part === '') return [];
    const { route, problem } = parseRoute(part);
    if (problem) problems.push(`route ${i + 1} (${part}): ${problem}`);
    return route ?? [];
  });
  if (routes.length > ROUTES_MAX) problems.push(`there must be at most ${ROUTES_MAX} routes`);
  else problems.push(...tooMany(routes));
  return { routes, problems };
}

function parseRoute(text: string): { route?: Route; problem?: string } {
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
      const words = listOf(values).map(
        (value) => WORDS[name].find((word) => word.toLowerCase() === value.toLowerCase()) ?? { unknown: value },
      );
      const unknown = words.find((word) => typeof word === 'object');
      if (words.length === 0 || unknown)
        return { problem: `${name} must be of ${WORDS[name].join(', ')}${unknown ? `, not ${unknown.unknown}` : ''}` };
      when[name] = words.filter((word) => typeof word === 'string');
    }
  }
  return { route: { when, to } };
}

/** No alarm may have more recipients than a mail server must take. */
function tooMany(routes: readonly Route[]): string[] {
  for (const region of REGIONS)
    for (const severity of SEVERITIES)
      for (const type of ALARM_TYPES)
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
