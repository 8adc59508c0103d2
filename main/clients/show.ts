import { SENSOR_ID_MAX } from '../../alarm/status.ts';
import { type Command, readArguments, readInteger, UsageError } from './command.ts';

const USAGE = 'show ID';

export const show: Command = {
  usage: USAGE,
  summary: 'show one client',
  help: `Usage: npm run clients -- ${USAGE}\n\nPrints all that is known of the client with sensor ID; ends with 1 if there is none.\n`,
  run: async (args, withDirectory) => {
    const { positionals } = readArguments(args, {}, USAGE);
    if (positionals.length !== 1) throw new UsageError(`which sensor? Usage: npm run clients -- ${USAGE}`);
    const id = readInteger(positionals[0], 'ID', 0, SENSOR_ID_MAX);
    const client = await withDirectory((directory) => directory.find(id));
    if (!client) {
      process.stderr.write(`clients: there is no client with id ${id}\n`);
      return 1;
    }
    for (const [column, value] of Object.entries(client))
      process.stdout.write(`${column.padEnd(22)}${Number.isNaN(value) ? 'not known' : value}\n`);
    return 0;
  },
};
