import { type Command, readArguments, UsageError } from './command.ts';

export const count: Command = {
  usage: 'count',
  summary: 'say how many clients there are',
  help: 'Usage: npm run clients -- count\n\nPrints how many clients the directory holds.\n',
  run: async (args, withDirectory) => {
    if (readArguments(args, {}, 'count').positionals.length > 0) throw new UsageError('count takes no arguments');
    process.stdout.write(`${await withDirectory((directory) => directory.size())}\n`);
    return 0;
  },
};
