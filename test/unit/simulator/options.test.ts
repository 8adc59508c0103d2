import { describe, expect, it } from 'vitest';
import { HELP, parseOptions } from '../../../simulator/options.ts';
import { SCENARIOS } from '../../../simulator/scenarios/index.ts';

const options = (...args: string[]) => {
  const parsed = parseOptions(args, undefined);
  return parsed.kind === 'options' ? parsed.options : undefined;
};
const problems = (...args: string[]) => {
  const parsed = parseOptions(args, undefined);
  return parsed.kind === 'problems' ? parsed.problems : [];
};

describe('the options of simulate', () => {
  it("are the reference's second case by default", () => {
    expect(options()).toMatchObject({
      scenario: { name: 'case2' },
      apps: 4,
      ratePerApp: 350,
      minutes: 30,
      sensors: 50_000,
      seed: 1,
      batch: 1,
    });
  });

  it("take what isn't said from the scenario", () => {
    expect(options('--scenario', 'case1', '--minutes', '0.5')).toMatchObject({ apps: 2, ratePerApp: 400, minutes: 0.5 });
  });

  it('take the token from the environment, unless it is said', () => {
    expect(parseOptions([], 'a')).toMatchObject({ options: { token: 'a' } });
    expect(parseOptions(['--token', 'b'], 'a')).toMatchObject({ options: { token: 'b' } });
  });

  it('say all that is wrong at once', () => {
    expect(
      problems(
        '--apps',
        '0',
        '--rate=fast',
        '--scenario',
        'doom',
        '--url',
        'ftp://x',
        '--speed',
        '9',
        '--batch',
        '1.5',
        '--blind=yes',
        '--json',
        '--blind',
      ),
    ).toEqual([
      '--speed is not an option; --help lists them',
      '"9" is not an option',
      '--blind takes no value',
      '--json needs a value: FILE',
      `--scenario doom is unknown; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`,
      '--apps 0 must be a whole number from 1 to 64',
      '--rate fast must be a whole number from 1 to 100000',
      '--url ftp://x must be a URL such as http://127.0.0.1:19092',
      '--batch 1.5 must be a whole number from 1 to 10000',
    ]);
    expect(problems('--sensors', '2')).toEqual(['--sensors must be at least as many as --apps']);
  });

  it('have a help that names every scenario', () => {
    expect(parseOptions(['--help'], undefined)).toEqual({ kind: 'help' });
    for (const { name, summary } of SCENARIOS) expect(HELP).toMatch(new RegExp(`${name} +${summary.slice(0, 10)}`));
  });
});
