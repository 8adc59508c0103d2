/** Copies what a running system keeps in its data folder: `npm run backup`. */
import { setPriority, constants } from 'node:os';
import { z } from 'zod';
import { consoleSettings } from '../../console/config.ts';
import { contentsOf } from '../../message-log/embedded/examine.ts';
import { command, flag, option, UsageError } from '../../runtime/command-line.ts';
import { readValues } from '../../runtime/configuration.ts';
import { counted } from '../../runtime/counted.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { runProgram } from '../../runtime/program.ts';
import { isSetIn } from '../configuration.ts';
import { namedServers } from '../choice.ts';
import { SETTING_NAMES } from '../settings.ts';
import { settingsFileAt } from '../settings-file/text.ts';
import { MAIL_FILE, type Manifest, problemsOfFiles, readManifest } from './manifest.ts';
import { inMib } from './pace.ts';
import { takeBackup } from './take.ts';
import { join } from 'node:path';

const MIB = 1024 ** 2;
const rate = z.coerce.number('must be a number').int('must be whole').min(1, 'must be 1 or more').max(100_000, 'must be 100000 or less');

const BACKUP = command({
  name: 'npm run backup',
  summary: 'Copies what the system keeps in its data folder into a new folder, while the system is running.',
  about: [
    `The copy is consistent: it is what a crash at one moment would have left, with everything acknowledged until then. It holds log, detection, clients, archive and
    history, the outbox, the end of the audit trail, the settings file and the users file. It does not hold secrets (tokens, keys, passwords of servers), nor who
    is signed in. It is written as FOLDER.part and gets its name when it is whole. It has personal data: keep it as safe as the data folder.`,
    'Data on servers (Kafka, Cassandra, InfluxDB) is not in it: docs/operation/backup.md says how to back them up.',
  ],
  words: { name: 'FOLDER', help: 'where the backup goes; it must not exist yet', min: 1, max: 1 },
  options: {
    rate: option('MIB', rate, 'read and write at most that many MiB a second', '50'),
    verify: flag('check an existing backup instead: its files against their checksums, and the whole store in it'),
  },
  exitCodes: { 0: 'the backup is whole', 1: 'there is none, or it is damaged, or the store was damaged already' },
  example: 'npm run backup -- /backup/tocsin-$(date +%F)',
  run: async ({ options, words: [folder] }) => {
    if (folder === undefined) throw new UsageError(['FOLDER is missing']);
    return options.verify ? await verify(folder) : await take(folder, options.rate * MIB);
  },
});

async function take(folder: string, bytesPerS: number): Promise<number> {
  const environment = readEnvironment();
  const { dataDir, settingsFile } = processSettings;
  const { usersFile } = consoleSettings;
  const values = readValues([{ dataDir, settingsFile, usersFile }], environment, SETTING_NAMES);
  const settings = Object.keys(environment).filter((name) => name.startsWith('TOCSIN_') && environment[name] !== '');
  // What it does can wait for what the system does.
  setPriority(constants.priority.PRIORITY_LOW);
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  const began = performance.now();
  const source = {
    dataDir: values.get(dataDir),
    settingsFile: settingsFileAt(values.get(settingsFile)),
    usersFile: values.get(usersFile),
    settings: settings.sort(),
  };
  const written = await takeBackup(source, folder, {
    bytesPerS,
    signal: abort.signal,
    onCut: (bytes) => say(`Copying ${inMib(bytes)} of ${source.dataDir}, as it is now.`),
  });
  say(`${contentOf(written)} It took ${counted(Math.round((performance.now() - began) / 1_000), 'second')}.`);
  for (const line of leftOut(written, isSetIn(environment))) say(line);
  if (written.damage.length === 0) {
    say(`The backup in ${folder} is whole. npm run restore -- ${folder} puts it into an empty data folder.`);
    return 0;
  }
  for (const damage of written.damage) say(`✗ ${damage}`);
  say(`The backup in ${folder} is as the store is: damaged. See docs/operation.md, A damaged data folder.`);
  return 1;
}

async function verify(folder: string): Promise<number> {
  const manifest = readManifest(folder);
  const wrong = problemsOfFiles(folder, manifest);
  const problems = wrong.length > 0 ? wrong : (await contentsOf(join(folder, 'data'))).problems;
  for (const problem of problems) say(`✗ ${problem}`);
  if (problems.length > 0) say(`The backup in ${folder} is damaged.`);
  else say(`The backup in ${folder} is whole: ${contentOf(manifest)}`);
  return problems.length === 0 ? 0 : 1;
}

/** `as of …, 12 rows, …`. */
function contentOf({ at, version, store, files }: Manifest): string {
  const mails = files.filter(({ path }) => MAIL_FILE.test(path)).length;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const newest = store.newest === null ? 'no record of the log' : `the newest record received at ${store.newest}`;
  return `It is of ${at}, by Tocsin ${version}: ${inMib(bytes)}, ${counted(store.rows, 'row')}, ${newest}, ${counted(mails, 'mail')} of the outbox.`;
}

function leftOut({ settings }: Manifest, isSet: (name: string) => boolean): string[] {
  const lines = [
    settings.length === 0
      ? 'No settings were set here.'
      : `Not in it are the values of settings, secrets among them. Set here are ${settings.join(', ')}: keep them elsewhere.`,
  ];
  const servers = namedServers(isSet);
  if (servers.length > 0) lines.push(`Not in it either is what lies on servers: ${servers.join(', ')}.`);
  return lines;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await runProgram(BACKUP, process.argv.slice(2));
