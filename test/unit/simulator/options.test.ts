import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../../../runtime/command-line.ts';
import { type EnvironmentTokens, SIMULATE_OPTIONS, simulateOptions } from '../../../simulator/options.ts';

const options = (args: readonly string[] = [], tokens: EnvironmentTokens = {}) => {
  const given = readCommandLine({ options: SIMULATE_OPTIONS }, args);
  if (given === 'help') throw new Error('help was asked for');
  return simulateOptions(given, tokens);
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
      url: 'http://127.0.0.1:19092',
    });
  });

  it('are those that documents outside name', () => {
    expect(options(['--apps', '4', '--rate', '400', '--minutes', '30', '--url', 'https://ingest.example.org'])).toMatchObject({
      apps: 4,
      ratePerApp: 400,
      minutes: 30,
      url: 'https://ingest.example.org',
    });
  });

  it("take what isn't said from the scenario", () => {
    expect(options(['--scenario', 'case1', '--minutes', '0.5'])).toMatchObject({ apps: 2, ratePerApp: 400, minutes: 0.5 });
  });

  it('take the tokens from the environment, unless they are said', () => {
    const environment = { console: 'a', gateway: 'g' };
    expect(options([], environment)).toMatchObject({ token: 'a', gatewayToken: 'g' });
    expect(options(['--token', 'b', '--gateway-token', 'h'], environment)).toMatchObject({ token: 'b', gatewayToken: 'h' });
  });

  it('say all that is wrong at once', () => {
    const args = ['--apps', '0', '--rate=fast', '--scenario', 'doom', '--url', 'ftp://x', '--speed', '9', '--batch', '1.5'];
    const wrong = () => options([...args, '--blind=yes', '--json', '--blind']);
    for (const part of ['--apps', '--rate', '--scenario', '--url', '--speed', '"9"', '--batch', '--blind takes no', '--json needs'])
      expect(wrong).toThrow(part);
  });

  it('have a sensor at least for every app', () => {
    expect(() => options(['--sensors', '2'])).toThrow(/--sensors must be at least as many as --apps/);
  });
});
