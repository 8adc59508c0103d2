import { debuglog, inspect } from 'node:util';
import { groupHelpOf, helpOf } from './command-help.ts';
import { type Command, type CommandGroup, type Options, readCommandLine, UsageError, unknownWord } from './command-line.ts';
import { ConfigurationError } from './configuration.ts';
import { PermanentError, reasonOf, TransientError } from './errors.ts';

const FAILED = 1;
const WRONG_USAGE = 2;
const debug = debuglog('tocsin');

/**
 * Runs a program to its end and sets the exit code of the process: that of the command, 2 where the command line or a setting is wrong, 1 where it
 * failed. A failure is one message on stderr; NODE_DEBUG=tocsin adds the stack trace. Never rejects.
 */
export async function runProgram<O extends Options>(program: Command<O> | CommandGroup, args: readonly string[]): Promise<void> {
  // Node would print the error whole, with the words of others.
  if (process.listenerCount('uncaughtException') === 0) process.on('uncaughtException', (error: unknown) => exitFor(error, program.name));
  try {
    process.exitCode = 'commands' in program ? await runOneOf(program, args) : await run(program, args);
  } catch (error) {
    fail(error, program.name);
  }
}

function exitFor(error: unknown, name: string): never {
  fail(error, name);
  process.exit();
}

function fail(error: unknown, name: string): void {
  debug('%s', inspect(error));
  process.stderr.write(`${shortNameOf(name)}: ${messageOf(error, name)}\n`);
  process.exitCode = error instanceof UsageError || error instanceof ConfigurationError ? WRONG_USAGE : FAILED;
}

async function run<O extends Options>(command: Command<O>, args: readonly string[]): Promise<number> {
  const given = readCommandLine(command, args);
  if (given !== 'help') return await command.run(given);
  process.stdout.write(helpOf(command));
  return 0;
}

async function runOneOf(group: CommandGroup, [name, ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(groupHelpOf(group));
    return 0;
  }
  const names = Object.keys(group.commands);
  const command = name !== undefined && Object.hasOwn(group.commands, name) ? group.commands[name] : undefined;
  if (!command)
    throw new UsageError([name === undefined ? `a command is missing: ${names.join(', ')}` : unknownWord(name, 'COMMAND', names)]);
  return await run(command, args);
}

function messageOf(error: unknown, name: string): string {
  if (error instanceof UsageError) return `${error.problems.join('\n')}\n${name}${name.includes(' -- ') ? '' : ' --'} --help says more.`;
  const expected = [ConfigurationError, PermanentError, TransientError].some((kind) => error instanceof kind);
  return expected ? reasonOf(error) : `${reasonOf(error)} (a fault of this program: NODE_DEBUG=tocsin shows where)`;
}

/** `npm run topics`: topics. */
function shortNameOf(name: string): string {
  return name.replace(/^npm (run )?/, '').split(' ')[0] ?? name;
}
