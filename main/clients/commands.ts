import type { Directory } from '../../directory/port.ts';
import type { CommandGroup } from '../../runtime/command-line.ts';
import { count } from './count.ts';
import { generate } from './generate.ts';
import { importCommand } from './import.ts';
import { show } from './show.ts';

/** Opens the directory, does the work, and closes the directory whatever happens. */
export type WithDirectory = <T>(work: (directory: Directory) => Promise<T>) => Promise<T>;

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
