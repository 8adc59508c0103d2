/** Makes a damaged data folder one that can be started again, and says what is missing: `npm run repair`. */
import { TypeSet } from '../../alarm/type-set.ts';
import { repairStore } from '../../message-log/embedded/repair.ts';
import { command, flag } from '../../runtime/command-line.ts';
import { readValues } from '../../runtime/configuration.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { runProgram } from '../../runtime/program.ts';
import { withPorts } from '../beside.ts';
import { adapterOf } from '../choice.ts';
import { readConfig } from '../configuration.ts';
import { loadOnlySettingsFile } from '../settings-file/load.ts';
import { SETTING_NAMES } from '../settings.ts';
import { agreeOnOpenAlarms } from './open-alarms.ts';

const REPAIR = command({
  name: 'npm run repair',
  summary: 'Says what is damaged or missing in the data folder, and with --yes makes it one that can be started again.',
  about: [
    `Nothing may use the folder meanwhile, and the disk needs room for a second store. What can be read is taken over; the damaged store is kept as it is, as
    store.damaged-TIME beside the new one, and never removed. Positions are set so that no later record is passed over. Alarms that only archive or detection still
    know are known to both afterwards.`,
    'A copy of the folder from before the damage has more than a repair can save: put that back instead, if there is one.',
  ],
  options: { yes: flag('do it; without, it only says what is wrong') },
  exitCodes: { 0: 'nothing is wrong, or it was repaired', 1: 'something is wrong and was left so, or the repair failed' },
  run: async ({ options }) => {
    const environment = readEnvironment();
    const dataDir = readValues([{ dataDir: processSettings.dataDir }], environment, SETTING_NAMES).get(processSettings.dataDir);
    // A settings file that is wrong is said before anything is changed.
    const { settings } = await loadOnlySettingsFile(environment);
    const { findings, kept } = await repairStore(dataDir, options.yes);
    for (const finding of findings) say(`✗ ${finding}`);
    if (findings.length === 0) say(`Nothing is damaged or missing in ${dataDir}.`);
    else if (!options.yes) say('Nothing was changed. npm run repair -- --yes goes on with what is left.');
    if (!options.yes) return findings.length === 0 ? 0 : 1;
    if (kept !== undefined) say(`The damaged store is kept in ${kept}.`);
    // Also where a repair was killed after it had made the store.
    if (adapterOf('log', readConfig(new Set(), environment, ['log']).isSet).namedBy === undefined) {
      const { known, shown } = await withPorts(['log', 'archive'], environment, { beside: false }, ({ log, archive }, clock) =>
        agreeOnOpenAlarms(log, archive, new TypeSet(settings.types), clock()),
      );
      for (const { type, sensor, raisedAt } of [...known, ...shown])
        say(
          `! the ${type} alarm of sensor ${sensor}, raised ${new Date(raisedAt).toISOString()}, was known only in part; it is open again, look at it`,
        );
    }
    if (findings.length > 0) say('The data folder can be started again. Alarms and mails of what is missing may be missing too.');
    return 0;
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await runProgram(REPAIR, process.argv.slice(2));
