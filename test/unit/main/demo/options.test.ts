import { describe, expect, it } from 'vitest';
import { DEMO_OPTIONS } from '../../../../main/demo/options.ts';
import { readCommandLine } from '../../../../runtime/command-line.ts';

const read = (...args: string[]) => readCommandLine({ options: DEMO_OPTIONS }, args);

describe('the options of the demo', () => {
  it('are fifty thousand sensors until Ctrl-C', () => {
    expect(read()).toEqual({
      options: {
        minutes: undefined,
        sensors: 50_000,
        seed: 1,
        'ingest-port': undefined,
        'console-port': undefined,
        data: undefined,
      },
      words: [],
    });
  });

  it('may be shorter, smaller and elsewhere', () => {
    expect(read('--minutes=0.5', '--sensors', '500', '--ingest-port', '0', '--console-port', '8081', '--data', 'x')).toMatchObject({
      options: { minutes: 0.5, sensors: 500, 'ingest-port': 0, 'console-port': 8_081, data: 'x' },
    });
  });

  it.each(['--minutes=0', '--sensors=5', '--console-port=99999', '--data='])('do not take %s', (wrong) => {
    expect(() => read(wrong)).toThrow(wrong.split('=')[0]);
  });
});
