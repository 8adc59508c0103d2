import type { Finding } from '../../runtime/diagnosis.ts';
import { secretsKnownTo } from './secrets.ts';

/** One line; a problem also says what to do. */
export function lineOf({ check, ok, found, advice }: Finding): string {
  const line = `${ok ? '✓' : '✗'} ${check}: ${found}${advice === undefined ? '' : `. ${advice[0]?.toUpperCase()}${advice.slice(1)}`}`;
  return line.replace(/\s*[\r\n]+\s*/g, ' ');
}

/** Removes every secret of the settings from a text, in case a server or library included one. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): (text: string) => string {
  const secrets = secretsKnownTo(environment);
  return (text) => secrets.reduce((safe, secret) => safe.replaceAll(secret, '[secret]'), text);
}
