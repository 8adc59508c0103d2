import type { CommandGroup } from '../../runtime/command-line.ts';
import { count } from './count.ts';
import { generate } from './generate.ts';
import { importCommand } from './import.ts';
import { show } from './show.ts';
import type { WithDirectory } from './with-directory.ts';

export function clientsProgram(withDirectory: WithDirectory): CommandGroup {
  return {
    name: 'npm run clients',
    summary: `The clients who hold an alarm: in Cassandra where TOCSIN_CASSANDRA_CONTACT_POINTS names it, else in the data folder (TOCSIN_DATA_DIR).
      A system may be running on it meanwhile.`,
    commands: {
      import: importCommand(withDirectory),
      generate: generate(withDirectory),
      count: count(withDirectory),
      show: show(withDirectory),
    },
  };
}
