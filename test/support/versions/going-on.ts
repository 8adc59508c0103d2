/** What must happen to an installation that another version has left once this version runs on it: nothing is lost, nothing happens twice. */
import { expect } from 'vitest';
import { startSmtp } from '../smtp-server.ts';
import type { SystemProcess } from '../system.ts';
import {
  act,
  alarmOf,
  alarms,
  type Count,
  counts,
  custodyHas,
  faults,
  type KnownAlarm,
  mailsIn,
  metric,
  motion,
  post,
  type Remains,
  SENSORS,
  smoke,
  total,
  until,
} from './life.ts';

/** Not used in the earlier life. */
const STRANGER = 1_000;

/** The data may be years old; none of it may be removed for its age during the test. */
export const KEPT = {
  TOCSIN_LOG_RETENTION: '36500d',
  TOCSIN_ARCHIVE_DAYS: '36500',
  TOCSIN_HISTORY_DAYS: '36500',
  TOCSIN_OUTBOX_KEEP: '36500d',
};

export async function goesOn(system: SystemProcess, remains: Remains): Promise<void> {
  const smtp = await startSmtp();
  system.set({ TOCSIN_SMTP_URL: smtp.url });
  try {
    await system.start();
    await until('the mails that were unfinished', async () => smtp.taken.length >= remains.unfinished.length);
    for (const alarm of remains.alarms)
      await until('a mail in its custody', async () => isAsItWas(await find(system, alarm.id), alarm, remains));
    expect(await alarms(system)).toHaveLength(remains.alarms.length);
    await until('faults', async () => (await faults(system)).length > 0);
    expect(await faults(system)).toMatchObject(remains.faults);

    await post(system, 'ok', { id: SENSORS.acknowledged });
    await motion(system, SENSORS.active);
    await smoke(system, SENSORS.twoHits, 1);
    await motion(system, STRANGER);
    await custodyHas(system, STRANGER, 'mailed');
    await custodyHas(system, SENSORS.twoHits, 'mailed');
    await until('the alarm ends', async () => (await alarmOf(system, SENSORS.acknowledged)).state === 'CLEARED_ACK');
    await until('no mail waits', async () => (await metric(system, 'tocsin_mails_unfinished')) === 0);
    expect(await act(system, SENSORS.active, 'acknowledge', {})).toMatchObject({ state: 'ACTIVE_ACK' });

    const { evidence } = await alarmOf(system, SENSORS.twoHits);
    expect(evidence).toHaveLength(3);
    const expected = new Set(remains.unfinished);
    for (const [sensor, event] of [
      [SENSORS.acknowledged, 'cleared'],
      [SENSORS.twoHits, 'raised'],
      [STRANGER, 'raised'],
    ] as const)
      expected.add(`<${(await alarmOf(system, sensor)).id}.${event}@localhost>`);
    expect(smtp.taken.map(({ messageId }) => messageId).toSorted()).toEqual([...expected].toSorted());
    await counted(system, remains);
    expect(await system.end('SIGTERM')).toBe(0);
    expect(system.output).not.toMatch(/"level":[56]0/);
  } finally {
    await smtp.stop();
  }
}

/** Whether the alarm is as its version left it, apart from a mail that was unfinished then. */
function isAsItWas(now: KnownAlarm | undefined, before: KnownAlarm, { unfinished }: Remains): boolean {
  expect(now).toMatchObject({ ...before, custody: expect.anything() });
  const custody = now?.custody.filter((entry) => !('messageId' in entry && unfinished.includes(String(entry.messageId))));
  expect(custody).toEqual(before.custody);
  const due = unfinished.filter((id) => id.startsWith(`<${before.id}.`));
  return now !== undefined && due.every((id) => mailsIn(now).filter((mail) => mail === id).length === 1);
}

async function find(system: SystemProcess, id: string): Promise<KnownAlarm | undefined> {
  const { sensor } = (await alarms(system)).find((alarm) => alarm.id === id) ?? {};
  return sensor === undefined ? undefined : alarmOf(system, sensor);
}

/** One motion and one smoke more than then; they may fall into minutes that had counts already. */
async function counted(system: SystemProcess, remains: Remains): Promise<void> {
  const before = byType(remains.counts);
  const sums = async (): Promise<Record<string, number>> => {
    const [then, now] = [await counts(system, remains.from, remains.to), await counts(system, minutesFromNow(-10), minutesFromNow(1))];
    return byType([...new Map([...then, ...now].map((count) => [`${count.minute} ${count.type}`, count])).values()]);
  };
  await until('counts', async () => Object.values(await sums()).reduce((sum, n) => sum + n, 0) >= total(remains.counts) + 2);
  expect(await sums()).toEqual({ motion: (before.motion ?? 0) + 1, smoke: (before.smoke ?? 0) + 1 });
}

function byType(list: readonly Count[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { type, count } of list) sums[type] = (sums[type] ?? 0) + count;
  return sums;
}

const minutesFromNow = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
