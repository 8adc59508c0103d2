/** Makes a damaged data folder usable again and reports what is missing: `npm run repair`. */
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
  summary: 'Reports what is damaged or missing in the data folder, and with --yes makes the folder usable again.',
  about: [
    `Nothing else may use the folder meanwhile, and the disk needs room for a second store. Everything readable is kept; the damaged store stays unchanged, as
    store.damaged-TIME beside the new one, and is never removed. Positions are set so that no later record is skipped. Alarms that only the archive or only
    detection still has are restored in the other.`,
    'A backup of the folder from before the damage holds more than a repair can save: restore that instead, if there is one.',
  ],
  options: { yes: flag('repair; without it, only report what is wrong') },
  exitCodes: { 0: 'nothing is wrong, or it was repaired', 1: 'something is wrong and was left unchanged, or the repair failed' },
  run: async ({ options }) => {
    const environment = readEnvironment();
    const dataDir = readValues([{ dataDir: processSettings.dataDir }], environment, SETTING_NAMES).get(processSettings.dataDir);
    // Reports an invalid settings file before anything is changed.
    const { settings } = await loadOnlySettingsFile(environment);
    const { findings, kept } = await repairStore(dataDir, options.yes);
    for (const finding of findings) say(`✗ ${finding}`);
    if (findings.length === 0) say(`Nothing is damaged or missing in ${dataDir}.`);
    else if (!options.yes) say('Nothing was changed. npm run repair -- --yes rebuilds the store from what can be read.');
    if (!options.yes) return findings.length === 0 ? 0 : 1;
    if (kept !== undefined) say(`The damaged store is kept in ${kept}.`);
    // Also needed if an earlier repair was killed after it had built the store.
    if (adapterOf('log', readConfig(new Set(), environment, ['log']).isSet).namedBy === undefined) {
      const { known, shown } = await withPorts(['log', 'archive'], environment, { beside: false }, ({ log, archive }, clock) =>
        agreeOnOpenAlarms(log, archive, new TypeSet(settings.types), clock()),
      );
      for (const { type, sensor, raisedAt } of [...known, ...shown])
        say(
          `! the ${type} alarm of sensor ${sensor}, raised ${new Date(raisedAt).toISOString()}, was only partly known; it is open again: check it`,
        );
    }
    if (findings.length > 0)
      say('Tocsin can be started on the data folder again. Alarms and mails about missing records may be missing too.');
    return 0;
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await runProgram(REPAIR, process.argv.slice(2));
