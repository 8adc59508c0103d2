import { fileSettingOf, secretOf } from '../../runtime/secret-file.ts';
import { SECRET_NAMES } from '../settings.ts';

const SECRET_SETTING = /PASSWORD|TOKEN|SECRET/;
const FILE_SETTINGS = new Set(SECRET_NAMES.map(fileSettingOf));
/** Shorter ones appear in any text by chance. */
const SECRET_LENGTH_MIN = 4;

/** The secrets among the settings of an environment, in every form in which a text may contain them, without duplicates, longest first. */
export function secretsIn(environment: NodeJS.Dict<string>): readonly string[] {
  const secrets = Object.entries(environment).flatMap(([name, value = '']) => secretsOf(name, value));
  return [...new Set(secrets)].filter((secret) => secret.length >= SECRET_LENGTH_MIN).sort((a, b) => b.length - a.length);
}

/** As `secretsIn`, with those that stand in files of their own. */
export function secretsKnownTo(environment: NodeJS.Dict<string>): readonly string[] {
  const inFiles = SECRET_NAMES.filter((name) => environment[fileSettingOf(name)]);
  return secretsIn({ ...environment, ...Object.fromEntries(inFiles.map((name) => [name, secretOf(name, environment).value])) });
}

/** The files that hold a secret each. */
export function secretFilesIn(environment: NodeJS.Dict<string>): readonly string[] {
  return SECRET_NAMES.flatMap((name) => environment[fileSettingOf(name)] || []);
}

/** The secrets in the value of one setting. The path of a file is none. */
function secretsOf(name: string, value: string): readonly string[] {
  if (!name.startsWith('TOCSIN_') || FILE_SETTINGS.has(name)) return [];
  const parts = SECRET_SETTING.test(name) ? [value, ...value.split(/[,:]/)] : [];
  return [...parts, ...passwordOf(value)];
}

/** The secret as it is written in a URL, and decoded. */
function passwordOf(value: string): string[] {
  if (!URL.canParse(value)) return [];
  const { password } = new URL(value);
  return password === '' ? [] : [password, decodeURIComponent(password)];
}
