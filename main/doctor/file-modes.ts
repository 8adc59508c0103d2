import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { auditKeyFile } from '../../console/audit/key-file.ts';
import { consoleSettings } from '../../console/config.ts';
import { kafkaSettings } from '../../kafka/config.ts';
import { type Finding, wrong } from '../../runtime/diagnosis.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { adapterOf } from '../choice.ts';
import type { Config } from '../configuration.ts';
import { settingsText } from '../settings-file/text.ts';
import { secretFilesIn, secretsIn } from './secrets.ts';

const GROUP_AND_OTHERS = 0o077;
const TO_WRITE = 0o022;
const TO_READ = 0o044;

/** Finds files and folders that other users of this machine can read or change, but should not. `folder`: where Tocsin is started. Never rejects. */
export async function fileModes({ roles, values, ports, isSet }: Config, folder = '.'): Promise<readonly Finding[]> {
  if (process.platform === 'win32') return [];
  const dataDir = values.get(processSettings.dataDir);
  const outbox = ports.includes('mail') ? adapterOf('mail', isSet).ports.mail?.place?.(values) : undefined;
  const keyFile = adapterOf('log', isSet).namedBy === kafkaSettings.brokers ? values.get(kafkaSettings.keyFile) : undefined;
  const users = roles.has('console') ? values.get(consoleSettings.usersFile) : undefined;
  const dataIsOpen = ((await modeOf(dataDir)) & GROUP_AND_OTHERS) !== 0;
  return [
    ...(await openTo(join(folder, '.env'), (await holdsSecrets(join(folder, '.env'))) ? GROUP_AND_OTHERS : TO_WRITE, 'the secrets in it')),
    ...(await openTo(settingsFileOf(values.get(processSettings.settingsFile), folder), TO_WRITE, 'the types of alarms')),
    ...(await openTo(dataDir, TO_WRITE, 'everything stored in it')),
    // Others cannot reach anything in a folder that is closed to them.
    ...(dataIsOpen ? await openTo(outbox, GROUP_AND_OTHERS, 'the list of mails in it') : []),
    ...(await openTo(users, GROUP_AND_OTHERS, 'who may sign in')),
    ...(await openTo(auditKeyFile(dataDir), GROUP_AND_OTHERS, 'the key of the audit trail')),
    ...(await openTo(keyFile, GROUP_AND_OTHERS, 'the private key')),
  ];
}

/** The same for the files of secrets, which NAME_FILE settings name. */
export async function secretFileModes(environment: NodeJS.Dict<string>): Promise<readonly Finding[]> {
  if (process.platform === 'win32') return [];
  const findings = secretFilesIn(environment).map((path) => openTo(path, GROUP_AND_OTHERS, 'the secret in it'));
  return (await Promise.all(findings)).flat();
}

async function openTo(path: string | undefined, forbidden: number, what: string): Promise<readonly Finding[]> {
  if (path === undefined) return [];
  const open = (await modeOf(path)) & forbidden;
  if (open === 0) return [];
  const can = (open & TO_READ) === 0 ? 'change' : (open & TO_WRITE) === 0 ? 'read' : 'read and change';
  return [wrong(path, `other users can ${can} ${what}`, `chmod ${forbidden === TO_WRITE ? 'go-w' : 'go='} ${path}`)];
}

/** 0 if there is no such file. */
async function modeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mode ?? 0;
}

async function holdsSecrets(path: string): Promise<boolean> {
  const text = existsSync(path) ? await readFile(path, 'utf8').catch(() => '') : '';
  return secretsIn(parseEnv(text)).length > 0;
}

function settingsFileOf(named: string | undefined, folder: string): string | undefined {
  try {
    return settingsText(named, folder)?.path;
  } catch {
    return undefined;
  }
}
