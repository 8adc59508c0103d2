import { type Command, type CommandGroup, readCommandLine } from '../../runtime/command-line.ts';

/** Runs a command as its program would, but rejects instead of printing an error. Resolves with the exit code. */
export async function runCommand({ commands }: CommandGroup, name: string, args: readonly string[]): Promise<number> {
  const command: Command | undefined = commands[name];
  if (!command) throw new Error(`there is no command ${name}`);
  const given = readCommandLine(command, args);
  if (given === 'help') throw new Error('help was asked for');
  return await command.run(given);
}
