/** Puts a backup into an empty data folder: `npm run restore`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { mailerSettings } from '../../notify/config.ts';
import { command, option, UsageError } from '../../runtime/command-line.ts';
import { readValues } from '../../runtime/configuration.ts';
import { counted } from '../../runtime/counted.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { runProgram } from '../../runtime/program.ts';
import { spanOf } from '../../runtime/removal-clock.ts';
import { MAIL_FILE, type Manifest, readManifest } from '../backup/manifest.ts';
import { withPort } from '../beside.ts';
import { adapterOf } from '../choice.ts';
import { isSetIn } from '../configuration.ts';
import { SETTING_NAMES } from '../settings.ts';
import { restoreBackup } from './restore.ts';
import { skipMails, unsentMails } from './unsent.ts';

const MAILS = ['send', 'skip-unsent'] as const;
const SHOWN_MAX = 20;

const RESTORE = command({
  name: 'npm run restore',
  summary: 'Puts a backup (npm run backup) into the data folder, which must be empty, on this host or another one.',
  about: [
    'Nothing is written before all checksums are right. The system from which the backup was taken must be off, and stay so: two would both mail.',
    `What was acknowledged after the backup is missing. What was mailed after it cannot be known: mails of alarms in the backup that had not gone out by then go out at
    the start, perhaps a second time, with the same Message-ID. --mails skip-unsent leaves them out; then a mail that never went out is lost, so use it only if
    somebody has looked at those alarms. Either way they are listed.`,
  ],
  words: { name: 'FOLDER', help: 'the backup', min: 1, max: 1 },
  options: {
    mails: option(
      'WHICH',
      z.enum(MAILS, `must be ${MAILS.join(' or ')}`),
      'send or skip-unsent: what becomes of mails not known to have gone out',
      'send',
    ),
  },
  exitCodes: { 0: 'it is restored', 1: 'nothing was restored, or parts of the store were damaged already when it was copied' },
  example: 'TOCSIN_DATA_DIR=/var/lib/tocsin npm run restore -- /backup/tocsin-2026-11-30',
  run: async ({ options, words: [folder] }) => {
    if (folder === undefined) throw new UsageError(['FOLDER is missing']);
    const environment = readEnvironment();
    const values = readValues([{ dataDir: processSettings.dataDir, recovery: mailerSettings.recovery }], environment, SETTING_NAMES);
    const dataDir = values.get(processSettings.dataDir);
    const manifest = readManifest(folder);
    const lines: string[] = [];
    const damage = await restoreBackup(folder, manifest, dataDir, async (prepared) => {
      // Elsewhere the log, and what was mailed, is on servers.
      if (adapterOf('log', isSetIn(environment)).namedBy !== undefined) return;
      await withPort('log', { ...environment, TOCSIN_DATA_DIR: prepared }, { beside: false }, async ({ log }, clock) => {
        const unsent = await unsentMails(log, values.get(mailerSettings.recovery));
        if (options.mails === 'skip-unsent')
          await skipMails(log, unsent, `not mailed: left out when the backup of ${manifest.at} was restored`, clock());
        lines.push(...linesAbout(unsent, options.mails));
      });
    });
    say(restored(folder, manifest, dataDir));
    say(missing(manifest, Date.now()));
    for (const line of [...lines, ...beside(folder)]) say(line);
    for (const one of damage) say(`✗ ${one}`);
    say(`npm start runs it. First make sure that the system from which the backup was taken is off.`);
    return damage.length === 0 ? 0 : 1;
  },
});

function restored(folder: string, { at, version, store, files }: Manifest, dataDir: string): string {
  const mails = files.filter(({ path }) => MAIL_FILE.test(path)).length;
  return `Restored ${folder} (of ${at}, by Tocsin ${version}) into ${dataDir}: ${counted(store.rows, 'row')}, ${counted(mails, 'mail')} of the outbox.`;
}

function missing({ at, store }: Manifest, now: number): string {
  const newest = store.newest === null ? 'It holds no record of the log' : `The newest record in it was received at ${store.newest}`;
  const span = spanOf(Math.max(0, now - Date.parse(at)));
  return `${newest}. What was acknowledged after ${at} (${span} ago) is missing: statuses, alarms, what operators did, clients that were imported. A detector that goes on reporting raises its alarm again.`;
}

function linesAbout(unsent: Awaited<ReturnType<typeof unsentMails>>, mails: (typeof MAILS)[number]): string[] {
  if (unsent.length === 0) return ['Every mail about an alarm in the backup had gone out.'];
  const many = `${counted(unsent.length, 'mail')} had not gone out at that moment, as far as is known`;
  const then =
    mails === 'send'
      ? 'they go out at the start, a second time if they went out before the loss'
      : 'they are left out, as the custody of their alarms says; look at these alarms';
  const shown = unsent
    .slice(0, SHOWN_MAX)
    .map(({ alarm, event }) => `  ${event} ${alarm.severity} ${alarm.type}, sensor ${alarm.sensor}, alarm ${alarm.id}`);
  return [`${many}: ${then}.`, ...shown, ...(unsent.length > SHOWN_MAX ? [`  and ${unsent.length - SHOWN_MAX} more`] : [])];
}

function beside(folder: string): string[] {
  return [
    ['tocsin.yaml', 'The settings file', 'TOCSIN_SETTINGS'],
    ['users.json', 'The users file', 'TOCSIN_USERS'],
  ].flatMap(([name = '', what, setting]) => {
    const path = join(folder, 'settings', name);
    return existsSync(path) ? [`${what} of then is ${path}: copy it to where ${setting} says, unless that host has it.`] : [];
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await runProgram(RESTORE, process.argv.slice(2));
