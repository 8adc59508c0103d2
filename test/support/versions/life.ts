/**
 * A short life of an installation: alarms in every state; mails that were sent, refused, and wait; hits that aren't enough yet; a fault. It ends with a
 * crash. The next version must find what is known at that moment. Only documented interfaces are used, so that any version can run it.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultySmtp, startSmtp } from '../smtp-server.ts';
import { API_TOKEN, type SystemProcess } from '../system.ts';

/** An alarm as the API of its version gave it; only the fields that are used here. */
export interface KnownAlarm {
  readonly id: string;
  readonly sensor: number;
  readonly type: string;
  readonly state: string;
  readonly version: number;
  readonly region: string;
  readonly evidence: readonly object[];
  readonly custody: readonly { readonly kind: string }[];
}

export interface Count {
  readonly minute: string;
  readonly type: string;
  readonly count: number;
}

/** What such a life leaves. Times are ISO 8601. */
export interface Remains {
  readonly from: string;
  readonly to: string;
  readonly alarms: readonly KnownAlarm[];
  readonly counts: readonly Count[];
  readonly faults: readonly object[];
  /** Message-IDs that a server accepted, or that are in the outbox. */
  readonly mailed: readonly string[];
  /** Message-IDs that no server has accepted yet. */
  readonly unfinished: readonly string[];
}

/** Sensors of this life by what happens to them. */
export const SENSORS = { active: 1, cleared: 2, acknowledged: 3, ended: 4, twoHits: 5, faulty: 6, mailed: 11, refused: 12, unmailed: 13 };
const LATER = { mailed: 14, unmailed: 15 };
const ALARMS = 9;
const PATIENCE_MS = 40_000;

type Verdict = 'take' | { readonly code: number };

export async function live(system: SystemProcess): Promise<Remains> {
  const from = new Date().toISOString();
  await system.start();
  await firstDay(system);
  const outbox = await mailsMentioned(system);
  await system.end('SIGTERM');

  const verdicts = new Map<string, Verdict>();
  let verdict: Verdict = 'take';
  // A mail gets the same verdict every time.
  const smtp = await startSmtp({
    verdict: ({ messageId = '' }) => {
      if (!verdicts.has(messageId)) verdicts.set(messageId, verdict);
      return verdicts.get(messageId) ?? 'take';
    },
  });
  const wait = (code: number): Verdict => ({ code });
  system.set({ TOCSIN_SMTP_URL: smtp.url });
  await system.start();
  const mail = async (said: Verdict, post: () => Promise<void>): Promise<void> => {
    const known = verdicts.size;
    verdict = said;
    await post();
    await until('its mail is sent', () => verdicts.size > known);
  };
  await mail('take', () => motion(system, SENSORS.mailed));
  await mail(wait(550), () => motion(system, SENSORS.refused));
  await mail(wait(451), () => motion(system, SENSORS.unmailed));
  // A mail after one that waits: its record is in the ledger, behind a position that doesn't move.
  await mail('take', () => motion(system, LATER.mailed));
  await custodyHas(system, LATER.mailed, 'mailed');
  await custodyHas(system, SENSORS.refused, 'mail-parked');
  await mail(wait(451), () => smoke(system, LATER.unmailed, 3));
  verdict = wait(451);
  await post(system, 'ok', { id: SENSORS.mailed });
  await until('three mails wait', async () => (await metric(system, 'tocsin_mails_unfinished')) === 3);
  const remains = await remainsOf(system, from, outbox, smtp);
  await system.end('SIGKILL');
  await smtp.stop();
  return remains;
}

/** Its mails go into the outbox; it ends in an orderly way. */
async function firstDay(system: SystemProcess): Promise<void> {
  for (const sensor of [SENSORS.active, SENSORS.cleared, SENSORS.ended]) await motion(system, sensor);
  await smoke(system, SENSORS.acknowledged, 3);
  await smoke(system, SENSORS.twoHits, 2);
  await quiet(system, SENSORS.faulty);
  await post(system, 'entry', { id: SENSORS.faulty, motion: false, temperature: 21.5, maxTemperature: 30 });
  await until('four alarms', async () => (await alarms(system)).length === 4);
  await post(system, 'ok', { id: SENSORS.cleared });
  await post(system, 'ok', { id: SENSORS.ended });
  await stateIs(system, SENSORS.ended, 'CLEARED_UNACK');
  await stateIs(system, SENSORS.cleared, 'CLEARED_UNACK');
  for (const sensor of [SENSORS.acknowledged, SENSORS.ended]) await act(system, sensor, 'acknowledge', {});
  await act(system, SENSORS.ended, 'disposition', { disposition: 'false', note: 'a moth' });
  // Raised, and cleared if it was.
  for (const [sensor, mails] of [
    [1, 1],
    [2, 2],
    [3, 1],
    [4, 2],
  ] as const)
    await until('mails', async () => mailsIn(await alarmOf(system, sensor)).length === mails);
}

async function remainsOf(system: SystemProcess, from: string, outbox: readonly string[], smtp: FaultySmtp): Promise<Remains> {
  const to = new Date(Date.now() + 60_000).toISOString();

  await until('counts', async () => total(await counts(system, from, to)) === ALARMS);
  const found = await Promise.all((await alarms(system)).map(({ sensor }) => alarmOf(system, sensor)));
  const idOf = (sensor: number) => found.find((alarm) => alarm.sensor === sensor)?.id;
  return {
    from,
    to,
    alarms: found,
    counts: await counts(system, from, to),
    faults: await faults(system),
    mailed: [...outbox, ...smtp.taken.map(({ messageId }) => messageId ?? '')],
    unfinished: [
      [SENSORS.unmailed, 'raised'],
      [LATER.unmailed, 'raised'],
      [SENSORS.mailed, 'cleared'],
    ].map(([sensor, event]) => `<${idOf(Number(sensor))}.${event}@localhost>`),
  };
}

async function mailsMentioned(system: SystemProcess): Promise<string[]> {
  const found = await Promise.all((await alarms(system)).map(({ sensor }) => alarmOf(system, sensor)));
  return found.flatMap(mailsIn);
}

/** Message-IDs in an alarm's custody. */
export function mailsIn({ custody }: KnownAlarm): string[] {
  return custody.flatMap((entry) => ('messageId' in entry && entry.kind === 'mailed' ? [String(entry.messageId)] : []));
}

export function quiet(system: SystemProcess, id: number): Promise<void> {
  return post(system, 'entry', { id, motion: false, smoke: false, temperature: 21.5, maxTemperature: 30 });
}

export function motion(system: SystemProcess, id: number): Promise<void> {
  return post(system, 'entry', { id, motion: true, smoke: false, temperature: 21.5, maxTemperature: 30 });
}

export async function smoke(system: SystemProcess, id: number, hits: number): Promise<void> {
  for (let i = 0; i < hits; i += 1) await post(system, 'entry', { id, motion: false, smoke: true, temperature: 21.5, maxTemperature: 30 });
}

export async function post(system: SystemProcess, topic: 'entry' | 'ok', body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(`${system.ingestUrl}/${topic}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(status, 202);
}

export async function act(system: SystemProcess, sensor: number, kind: string, more: object): Promise<KnownAlarm> {
  const { id, version } = await alarmOf(system, sensor);
  return (await ask(system, `/api/alarms/${id}/${kind}`, { version, ...more })) as KnownAlarm;
}

export async function alarms(system: SystemProcess): Promise<readonly KnownAlarm[]> {
  return ((await ask(system, '/api/alarms?state=all&limit=1000')) as { alarms: KnownAlarm[] }).alarms;
}

/** The only alarm of a sensor. */
export async function alarmOf(system: SystemProcess, sensor: number): Promise<KnownAlarm> {
  const found = (await alarms(system)).filter((alarm) => alarm.sensor === sensor);
  assert.equal(found.length, 1, `alarms of sensor ${sensor}`);
  return (await ask(system, `/api/alarms/${found[0]?.id}`)) as KnownAlarm;
}

export async function counts(system: SystemProcess, from: string, to: string): Promise<readonly Count[]> {
  return ((await ask(system, `/api/counts?from=${from}&to=${to}`)) as { counts: Count[] }).counts;
}

export const total = (list: readonly Count[]): number => list.reduce((sum, { count }) => sum + count, 0);

export async function faults(system: SystemProcess): Promise<readonly object[]> {
  return ((await ask(system, '/api/faults')) as { faults: object[] }).faults;
}

export async function metric(system: SystemProcess, name: string): Promise<number> {
  const text = await (await fetch(`${system.operationsUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

export async function custodyHas(system: SystemProcess, sensor: number, kind: string): Promise<void> {
  await until(`${kind} in the custody of sensor ${sensor}`, async () => {
    const isThere = (await alarms(system)).some((alarm) => alarm.sensor === sensor);
    return isThere && (await alarmOf(system, sensor)).custody.some((entry) => entry.kind === kind);
  });
}

async function stateIs(system: SystemProcess, sensor: number, state: string): Promise<void> {
  await until(state, async () => (await alarmOf(system, sensor)).state === state);
}

async function ask(system: SystemProcess, path: string, body?: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' };
  const answer = await fetch(`${system.consoleUrl}${path}`, {
    headers,
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const json: unknown = await answer.json();
  assert.equal(answer.status, 200, `${path}: ${JSON.stringify(json)}`);
  return json;
}

/** Resolves once it is so; rejects if it takes very long, or can't be checked. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await isSo()); await sleep(20)) assert.ok(Date.now() < end, `waited in vain for: ${what}`);
}
