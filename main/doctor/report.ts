import type { Finding } from '../../runtime/diagnosis.ts';

const SECRET_SETTING = /PASSWORD|TOKEN|SECRET/;
const SECRET_LENGTH_MIN = 4;

/** One line; what is wrong says what to do. */
export function lineOf({ check, ok, found, advice }: Finding): string {
  const line = `${ok ? '✓' : '✗'} ${check}: ${found}${advice === undefined ? '' : `. ${advice[0]?.toUpperCase()}${advice.slice(1)}`}`;
  return line.replace(/\s*[\r\n]+\s*/g, ' ');
}

/** Takes every secret of the settings out of a text, wherever a server or a library may have put it. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): (text: string) => string {
  const secrets = Object.entries(environment).flatMap(([name, value = '']) => {
    if (!name.startsWith('TOCSIN_')) return [];
    const parts = SECRET_SETTING.test(name) ? [value, ...value.split(/[,:]/)] : [];
    return [...parts, ...passwordOf(value)];
  });
  const worth = [...new Set(secrets)].filter((secret) => secret.length >= SECRET_LENGTH_MIN).sort((a, b) => b.length - a.length);
  return (text) => worth.reduce((safe, secret) => safe.replaceAll(secret, '[secret]'), text);
}

/** As it stands in an address, and as it is meant. */
function passwordOf(value: string): string[] {
  if (!URL.canParse(value)) return [];
  const { password } = new URL(value);
  return password === '' ? [] : [password, decodeURIComponent(password)];
}
