import { describe, expect, it } from 'vitest';
import { DEMO_HELP, parseDemoOptions } from '../../../simulator/demo-options.ts';

describe('the options of the demo', () => {
  it('are fifty thousand sensors until Ctrl-C', () => {
    expect(parseDemoOptions([])).toEqual({
      kind: 'options',
      options: {
        minutes: Number.POSITIVE_INFINITY,
        sensors: 50_000,
        seed: 1,
        ingestPort: undefined,
        consolePort: undefined,
        data: undefined,
      },
    });
  });

  it('may be shorter, smaller and elsewhere', () => {
    expect(
      parseDemoOptions(['--minutes=0.5', '--sensors', '500', '--ingest-port', '0', '--console-port', '8081', '--data', 'x']),
    ).toMatchObject({
      options: { minutes: 0.5, sensors: 500, ingestPort: 0, consolePort: 8_081, data: 'x' },
    });
  });

  it('say all that is wrong at once', () => {
    expect(parseDemoOptions(['--minutes', '0', '--sensors', '5', '--console-port', '99999', '--fast'])).toEqual({
      kind: 'problems',
      problems: [
        '--fast is not an option; --help lists them',
        '--minutes 0 must be a number from 0.1 to 10080',
        '--sensors 5 must be a whole number from 100 to 1000000',
        '--console-port 99999 must be a whole number from 0 to 65535',
      ],
    });
  });

  it('have a help', () => {
    expect(parseDemoOptions(['--sensors', '5', '--help'])).toEqual({ kind: 'help' });
    expect(DEMO_HELP).toContain('--console-port PORT');
  });
});
