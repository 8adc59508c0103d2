import { SENSOR_ID_MAX } from '../../alarm/status.ts';
import { command, UsageError } from '../../runtime/command-line.ts';
import { integer } from '../../runtime/configuration.ts';
import type { WithDirectory } from './with-directory.ts';

const sensor = integer(0, SENSOR_ID_MAX);

export const show = (withDirectory: WithDirectory) =>
  command({
    name: 'npm run clients -- show',
    summary: 'Prints everything known about one client.',
    words: { name: 'ID', help: 'the id of its sensor', min: 1, max: 1 },
    options: {},
    exitCodes: { 0: 'there is one', 1: 'there is none, or it failed' },
    run: async ({ words: [word] }) => {
      const { data: id } = sensor.safeParse(word);
      if (id === undefined) throw new UsageError([`ID must be a whole number from 0 to ${SENSOR_ID_MAX}, not ${word}`]);
      const client = await withDirectory((directory) => directory.find(id));
      if (!client) {
        process.stderr.write(`clients: there is no client with id ${id}\n`);
        return 1;
      }
      if (client === 'damaged') {
        process.stderr.write(`clients: the row of client ${id} is damaged: import the client again\n`);
        return 1;
      }
      for (const [column, value] of Object.entries(client))
        process.stdout.write(`${column.padEnd(22)}${Number.isNaN(value) ? 'not known' : value}\n`);
      return 0;
    },
  });
