import { command } from '../../runtime/command-line.ts';
import type { WithDirectory } from './with-directory.ts';

export const count = (withDirectory: WithDirectory) =>
  command({
    name: 'npm run clients -- count',
    summary: 'Prints how many clients the directory holds.',
    options: {},
    run: async () => {
      process.stdout.write(`${await withDirectory((directory) => directory.size())}\n`);
      return 0;
    },
  });
