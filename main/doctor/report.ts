import type { Finding } from '../../runtime/diagnosis.ts';

const SECRET_SETTING = /PASSWORD|TOKEN|SECRET/;
const SECRET_LENGTH_MIN = 4;

/** One line; a problem also says what to do. */
export function lineOf({ check, ok, found, advice }: Finding): string {
  const line = `${ok ? '✓' : '✗'} ${check}: ${found}${advice === undefined ? '' : `. ${advice[0]?.toUpperCase()}${advice.slice(1)}`}`;
  return line.replace(/\s*[\r\n]+\s*/g, ' ');
}

/** Removes every secret of the settings from a text, in case a server or library put one into it. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): (text: string) => string {
  const secrets = Object.entries(environment).flatMap(([name, value = '']) => {
    if (!name.startsWith('TOCSIN_')) return [];
    const parts = SECRET_SETTING.test(name) ? [value, ...value.split(/[,:]/)] : [];
    return [...parts, ...passwordOf(value)];
  });
  const worth = [...new Set(secrets)].filter((secret) => secret.length >= SECRET_LENGTH_MIN).sort((a, b) => b.length - a.length);
  return (text) => worth.reduce((safe, secret) => safe.replaceAll(secret, '[secret]'), text);
}

/** The secret as it is written in a URL, and decoded. */
function passwordOf(value: string): string[] {
  if (!URL.canParse(value)) return [];
  const { password } = new URL(value);
  return password === '' ? [] : [password, decodeURIComponent(password)];
}
