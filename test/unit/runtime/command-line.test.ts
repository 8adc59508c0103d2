import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { groupHelpOf, helpOf } from '../../../runtime/command-help.ts';
import { type CommandGroup, command, flag, option, readCommandLine, text, UsageError } from '../../../runtime/command-line.ts';
import { ConfigurationError, integer } from '../../../runtime/configuration.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { runProgram } from '../../../runtime/program.ts';

const bake = command({
  name: 'npm run bake',
  summary: 'Bakes loaves of bread, as many as are wanted, and says when they are done.',
  about: ['The oven must be hot.'],
  words: { name: 'BREAD…', help: 'what to bake', min: 1, max: 2, known: ['rye', 'wheat'] },
  options: {
    loaves: option('N', integer(1, 10), 'how many of each', '2'),
    salt: option('GRAMS', integer(0, 99).optional(), 'for those who want it '.repeat(12).trim()),
    note: option('TEXT', text, 'goes onto the bag'),
    sliced: flag('cuts them'),
  },
  exitCodes: { 0: 'it is bread', 1: 'it is burnt' },
  run: async ({ options: { loaves, sliced }, words }) => (sliced ? 1 : loaves - 2 + words.length - 1),
});
const read = (...args: string[]) => readCommandLine(bake, args);

describe('a command line', () => {
  it('has its defaults, and what was typed, in either way of writing it', () => {
    expect(read('rye')).toEqual({ options: { loaves: 2, salt: undefined, note: undefined, sliced: false }, words: ['rye'] });
    expect(read('--loaves=3', 'rye', '--salt', '7', 'wheat', '--sliced')).toEqual({
      options: { loaves: 3, salt: 7, note: undefined, sliced: true },
      words: ['rye', 'wheat'],
    });
    expect(read('rye', '--loaves', '3', '--loaves', '4')).toMatchObject({ options: { loaves: 4 } });
    expect(read('--note', '-x', '--', 'rye')).toMatchObject({ options: { note: '-x' }, words: ['rye'] });
  });

  it('asks for help wherever that stands, whatever else is wrong', () => {
    for (const args of [['--help'], ['-h'], ['rye', '--loafs', '3', '--help']]) expect(read(...args)).toBe('help');
  });

  it('is refused with all that is wrong, and what was probably meant', () => {
    expect(problemsOf('ry', '--loafs', '--salt', '100', '--sliced=yes', '--note')).toEqual([
      '--loafs is not an option; did you mean --loaves?',
      '--sliced takes no value',
      '--note needs a value: TEXT',
      'ry is not a bread; there are rye, wheat. Did you mean rye?',
      '--salt: must be a whole number from 0 to 99, not 100',
    ]);
  });

  it.each([
    [[], /BREAD… is missing: what to bake/],
    [['rye', 'wheat', 'rye'], /"rye" is one word too many/],
    [['rye', '--note', '--sliced'], /--note needs a value/],
    [['rye', '--note='], /--note needs a value/],
    [['rye', '--loaves', ''], /--loaves needs a value/],
    [['rye', '--constructor'], /--constructor is not an option/],
    [['rye', '-s'], /-s is not an option/],
  ])('is refused with %j', (args, words) => {
    expect(() => read(...args)).toThrow(UsageError);
    expect(() => read(...args)).toThrow(words);
  });

  it('takes no words where none are declared', () => {
    expect(() => readCommandLine({ options: {} }, ['more'])).toThrow(/"more" is not expected/);
  });
});

describe('the help of a command', () => {
  it('has its usage, every option with its default, and what its exit codes mean', () => {
    const help = helpOf(bake);
    expect(help).toMatch(/^Usage: npm run bake -- BREAD… \[OPTION…\]\n\nBakes loaves/);
    expect(help).toMatch(/^ {2}BREAD… +what to bake$/m);
    expect(help).toMatch(/^ {2}--loaves N +how many of each \(default 2\)$/m);
    expect(help).toMatch(/^ {2}--sliced +cuts them$/m);
    expect(help).toMatch(/^ {2}-h, --help +this text$/m);
    expect(help).toContain('Ends with 0 when it is bread, 1 when it is burnt, 2 when the command line or a setting is wrong.');
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });

  it('shows what may be left out in brackets', () => {
    const { words: _, ...rest } = bake;
    expect(helpOf(rest)).toMatch(/^Usage: npm run bake \[-- OPTION…\]\n/);
    expect(helpOf({ ...rest, options: {} })).toMatch(/^Usage: npm run bake\n/);
  });
});

describe('a program', () => {
  let printed: { out: string; err: string };
  beforeEach(() => {
    printed = { out: '', err: '' };
    for (const [stream, name] of [[process.stdout, 'out'] as const, [process.stderr, 'err'] as const])
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        printed[name] += chunk;
        return true;
      });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  });

  const kitchen: CommandGroup = {
    name: 'npm run kitchen',
    summary: 'All that is done in it.',
    commands: { bake, clean: failing('clean') },
  };

  it('ends with what its command says', async () => {
    await runProgram(bake, ['rye', '--sliced']);
    expect(process.exitCode).toBe(1);
    expect(printed).toEqual({ out: '', err: '' });
  });

  it('ends with 2 and a message on stderr for wrong usage', async () => {
    await runProgram(bake, ['rye', '--loafs', '3']);
    expect(process.exitCode).toBe(2);
    expect(printed.out).toBe('');
    expect(printed.err).toBe(
      'bake: --loafs is not an option; did you mean --loaves?\n3 is not a bread; there are rye, wheat. Did you mean rye?\nnpm run bake -- --help says more.\n',
    );
  });

  it.each([
    [new ConfigurationError(['TOCSIN_X: must be y']), 2, /TOCSIN_X: must be y/],
    [
      new PermanentError('file', 'it cannot be read', { cause: Object.assign(new Error('x'), { code: 'ENOENT' }) }),
      1,
      /^bake: it cannot be read: there is no such file or folder \(ENOENT\)\n$/,
    ],
    [new TransientError('away', 'it does not answer'), 1, /^bake: it does not answer\n$/],
    [
      new TypeError('x is not a function'),
      1,
      /^bake: TypeError at test\/unit\/runtime\/[\w.-]+:\d+ \(a fault of this program: NODE_DEBUG=tocsin shows where\)\n$/,
    ],
  ])('that fails with %s ends with %i, without a stack trace', async (error, code, words) => {
    await runProgram(failing('bake', error), []);
    expect(process.exitCode).toBe(code);
    expect(printed.err).toMatch(words);
    expect(printed.err).not.toMatch(/^ +at /m);
  });

  it('prints its help to stdout and ends with 0', async () => {
    await runProgram(bake, ['--help']);
    expect(printed).toEqual({ out: helpOf(bake), err: '' });
    expect(process.exitCode).toBe(0);
  });

  it('of several commands runs the one that is named', async () => {
    await runProgram(kitchen, ['bake', 'rye', '--loaves', '7']);
    expect(process.exitCode).toBe(5);
    await runProgram(kitchen, ['bake', '-h']);
    expect(printed.out).toBe(helpOf(bake));
  });

  it('of several commands lists them, and refuses another with the nearest', async () => {
    for (const ask of ['--help', '-h', 'help']) {
      printed.out = '';
      await runProgram(kitchen, [ask]);
      expect(printed.out).toBe(groupHelpOf(kitchen));
    }
    expect(printed.out).toMatch(/clean +Cleans\./);
    await runProgram(kitchen, ['bakes']);
    expect(process.exitCode).toBe(2);
    expect(printed.err).toMatch(/bakes is not a command; there are bake, clean\. Did you mean bake\?/);
    await runProgram(kitchen, []);
    expect(printed.err).toMatch(/a command is missing: bake, clean/);
  });
});

function failing(name: string, error: unknown = new Error('it failed')) {
  return command({ name: `npm run ${name}`, summary: 'Cleans.', options: {}, run: () => Promise.reject(error) });
}

function problemsOf(...args: string[]): readonly string[] {
  try {
    read(...args);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
  }
  return [];
}
