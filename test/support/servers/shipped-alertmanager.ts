/** deploy/alertmanager as shipped, except that it mails to a server of the test, without TLS and password. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAlertmanager } from './prometheus.ts';

const SHIPPED = join(import.meta.dirname, '../../../deploy/alertmanager');

/** `times`: how many times faster all its spans are. The mails themselves take as long as they take. */
export async function startShippedAlertmanager(smtpPort: number, { times = 1 } = {}): ReturnType<typeof startAlertmanager> {
  const shipped = await readFile(join(SHIPPED, 'alertmanager.yml'), 'utf8');
  const ours = shipped
    .replace(/smtp_smarthost: .*/, `smtp_smarthost: 127.0.0.1:${smtpPort}`)
    .replace(/ {2}smtp_auth_.*\n/g, '')
    .replace('smtp_require_tls: true', 'smtp_require_tls: false')
    .replace('templates/*.tmpl', join(SHIPPED, 'templates/*.tmpl'))
    .replace(/(group_wait|group_interval|repeat_interval): (\S+)/g, (_, name, span) => `${name}: ${Math.round(msOf(span) / times)}ms`);
  return startAlertmanager(ours);
}

const MS_PER = { h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** A span such as 4m40s in ms. */
function msOf(span: string): number {
  const parts = [...span.matchAll(/(\d+)([hms])/g)];
  if (parts.map(([part]) => part).join('') !== span) throw new Error(`${span} is no span`);
  return parts.reduce((ms, [, count, unit]) => ms + Number(count) * (MS_PER[unit as keyof typeof MS_PER] ?? 0), 0);
}
