import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REGIONS } from '../../../../../alarm/regions.ts';
import { SEVERITIES } from '../../../../../alarm/severity.ts';
import { type MailFacts, parseRoutes, problemsOfRoutes, recipientsOf } from '../../../../../notify/channels/mail/routes.ts';
import { SEVEN_TYPES } from '../../../../support/alarm-types.ts';

const TYPES = SEVEN_TYPES.map(({ name }) => name);
const FALLBACK = ['desk@arc.example'];
const ROUTES = `region=UK,asia;severity=critical -> chief@arc.example, uk@arc.example
  region=Africa -> africa@arc.example
  type=motion;event=raised -> motion@arc.example | severity=CRITICAL -> Chief@arc.example
  type=Water,battery;severity=major -> plumber@arc.example`;

const toOf = (facts: Partial<MailFacts>, text = ROUTES) => {
  const { routes, problems } = parseRoutes(text);
  expect([...problems, ...problemsOfRoutes(routes, TYPES)]).toEqual([]);
  return recipientsOf(routes, FALLBACK, { region: 'UK', severity: 'CRITICAL', type: 'smoke', event: 'raised', ...facts });
};

describe('mail routes', () => {
  it.each<[string, Partial<MailFacts>, string[]]>([
    ['all routes that it meets, each address once', {}, ['Chief@arc.example', 'uk@arc.example']],
    ['one route by region', { region: 'Africa', severity: 'MAJOR' }, ['africa@arc.example']],
    ['routes by different conditions', { region: 'Africa' }, ['africa@arc.example', 'Chief@arc.example']],
    ['the fallback when it meets none', { region: 'North', severity: 'MAJOR' }, FALLBACK],
    ['a route by type and event', { region: 'North', severity: 'MINOR', type: 'motion' }, ['motion@arc.example']],
    ['the fallback for the other event', { region: 'North', severity: 'MINOR', type: 'motion', event: 'cleared' }, FALLBACK],
    ['a route by a type of the settings', { region: 'North', severity: 'MAJOR', type: 'water' }, ['plumber@arc.example']],
    ['the fallback for another type', { region: 'North', severity: 'MAJOR', type: 'of-older-settings' }, FALLBACK],
    ['the fallback as well where the region is not known', { region: '' }, ['Chief@arc.example', 'desk@arc.example']],
    ['the fallback alone where the region is not known', { region: '', severity: 'MINOR' }, FALLBACK],
  ])('send to %s', (_name, facts, expected) => {
    expect(toOf(facts)).toEqual(expected);
  });

  it('leave the fallback out of a mail that no region would change', () => {
    expect(toOf({ region: '' }, '* -> all@arc.example')).toEqual(['all@arc.example']);
    expect(
      toOf({ region: '', severity: 'MINOR' }, 'severity=minor -> minor@arc.example | region=UK;severity=critical -> uk@arc.example'),
    ).toEqual(['minor@arc.example']);
  });

  it('are none when nothing is said', () => {
    expect(parseRoutes(' \n | ')).toEqual({ routes: [], problems: [] });
    expect(toOf({}, '')).toEqual(FALLBACK);
  });

  it.each([
    ['region=UK', 'must be CONDITIONS -> ADDRESSES'],
    ['region=UK -> a@x.example -> b@x.example', 'must be CONDITIONS -> ADDRESSES'],
    ['region=UK ->', 'nothing is not an e-mail address'],
    ['region=UK -> desk', 'desk is not an e-mail address'],
    ['region=Mars -> a@x.example', 'region must be of NorthAmerica, .*, not Mars'],
    ['region= -> a@x.example', 'region must be of'],
    ['type= -> a@x.example', 'type must be names of types'],
    ['severity=high -> a@x.example', 'severity must be of CRITICAL, MAJOR, MINOR, WARNING, not high'],
    ['place=UK -> a@x.example', 'place=UK is not \\* or one of region=…, severity=…, type=…, event=…'],
    ['-> a@x.example', 'nothing is not \\* or one of'],
    ['region=UK;region=Asia -> a@x.example', 'region stands there twice'],
    ['constructor=UK -> a@x.example', 'constructor=UK is not'],
    ['region=UK=Asia -> a@x.example', 'region=UK=Asia is not'],
  ])('refuse %s and say why, by number', (text, reason) => {
    const { routes, problems } = parseRoutes(`* -> ok@x.example | ${text}`);
    expect(routes.map(({ to }) => to)).toEqual([['ok@x.example']]);
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^route 2 \\(.*\\): ${reason}`))]);
  });

  it('name no type that the settings lack: such a route would take nothing', () => {
    const { routes, problems } = parseRoutes('type=smoke,smok -> a@x.example | severity=major;type=WATER -> b@x.example');
    expect(problems).toEqual([]);
    expect(problemsOfRoutes(routes, ['motion', 'smoke', 'temperature'])).toEqual([
      'route 1 (type=smoke,smok -> a@x.example): there is no type smok, did you mean smoke? There are motion, smoke, temperature',
      expect.stringMatching(/^route 2 \(severity=major;type=WATER -> b@x\.example\): there is no type water, did you mean \w+\?/),
    ]);
    expect(problemsOfRoutes(routes, ['smoke', 'smok', 'water'])).toEqual([]);
    expect(problemsOfRoutes(routes, ['smoke', 'water'])).toEqual([expect.stringContaining('there is no type smok,')]);
  });

  it('are a hundred at most', () => {
    const many = (count: number) => parseRoutes(Array.from({ length: count }, () => '* -> a@x.example').join('|')).problems;
    expect([many(100), many(101)]).toEqual([[], ['there must be at most 100 routes']]);
  });

  it('refuse what would give an alarm more recipients than a mail server must take', () => {
    const list = (from: number) => Array.from({ length: 30 }, (_, i) => `a${from + i}@x.example`).join();
    const problems = (text: string, types = TYPES) => problemsOfRoutes(parseRoutes(text).routes, types);
    expect(problems(`region=UK -> ${list(0)} | region=Asia -> ${list(30)}`)).toEqual([]);
    expect(problems(`region=UK -> ${list(0)} | severity=critical -> ${list(30)}`)).toEqual([
      expect.stringMatching(/CRITICAL .* alarm in UK would go to 60 addresses/),
    ]);
    expect(problems(`region=UK -> ${list(0)} | severity=critical -> ${list(10)}`)).toEqual([]);
    const fifty = `${list(0)} | severity=critical -> ${list(20)}`;
    expect(problems(`region=UK -> ${fifty}`)).toEqual([]);
    expect(problems(`region=UK -> ${fifty},one-more@x.example`)).toHaveLength(1);
    const byType = `type=water -> ${list(0)} | type=co -> ${list(20)} | region=Asia;type=water -> ${list(30)}`;
    expect(problems(byType)).toEqual([expect.stringMatching(/water alarm in Asia would go to 60 addresses/)]);
    expect(problems(byType.replace('region=Asia;type=water', 'region=Asia;type=co'))).toEqual([]);
  });

  it('always send somewhere, and never twice to one address', () => {
    const some = (words: readonly string[]) => fc.option(fc.subarray([...words], { minLength: 1 }), { nil: undefined });
    const route = fc
      .record({
        region: some(REGIONS),
        severity: some(SEVERITIES),
        type: some(TYPES),
        to: fc.subarray(['a@x.example', 'b@x.example'], { minLength: 1 }),
      })
      .map(({ to, ...when }) => {
        const conditions = Object.entries(when).flatMap(([name, words]) => (words ? `${name}=${words}` : []));
        return `${conditions.join(';') || '*'} -> ${to}`;
      });
    const facts = fc.record({
      region: fc.constantFrom('', ...REGIONS),
      severity: fc.constantFrom(...SEVERITIES),
      type: fc.constantFrom(...TYPES, 'of-older-settings'),
      event: fc.constantFrom('raised' as const, 'cleared' as const),
    });
    void fc.assert(
      fc.property(fc.array(route, { maxLength: 5 }), facts, (routes, about) => {
        const to = toOf(about, routes.join('|'));
        expect(to.length).toBeGreaterThan(0);
        expect(new Set(to).size).toBe(to.length);
      }),
    );
  });
});
