/** Alarms of an installation, as a person at the console and one with a mailbox see them. */
import { expect } from './checks.ts';
import type { Engine } from './engine.ts';
import { curl, eventually, secretOf } from './installation.ts';

/** How the installation is reached. */
export interface Place {
  readonly engine: Engine;
  readonly folder: string;
  readonly sensors: string;
  readonly operators: string;
  /** For curl: whom to trust. */
  readonly trust: readonly string[];
}

interface Alarm {
  readonly id: string;
  readonly sensor: string | number;
  readonly state: string;
  readonly version: number;
}

/** Three readings of smoke, then the alarm in the console and its mail; resolves with the alarm. */
export async function raiseSmoke(place: Place, sensor: number): Promise<{ readonly id: string; readonly seconds: string }> {
  const began = Date.now();
  for (let i = 0; i < 3; i += 1) await report(place, sensor);
  const { id } = await eventually('the alarm in the console', async () =>
    (await alarms(place)).find((alarm) => Number(alarm.sensor) === sensor),
  );
  await eventually('its mail in the catcher', async () =>
    (await mails(place)).some((mail) => mail.MessageID.includes(id) || mail.Subject.includes(String(sensor))) ? true : undefined,
  );
  return { id, seconds: `${((Date.now() - began) / 1_000).toFixed(1)} s` };
}

async function report({ engine, folder, sensors, trust }: Place, sensor: number): Promise<void> {
  const token = secretOf(folder, 'gateway-tokens').split(':')[1] ?? '';
  const body = JSON.stringify({ id: sensor, smoke: 1 });
  const answer = await curl(
    engine,
    ...trust,
    '--header',
    `Authorization: Bearer ${token}`,
    '--header',
    'content-type: application/json',
    '--data',
    body,
    `${sensors}/entry`,
  );
  expect(answer.includes('"accepted":1'), answer);
}

export async function acknowledge(place: Place, id: string): Promise<void> {
  const { version } = await alarm(place, id);
  const body = JSON.stringify({ version });
  const answer = await curl(
    place.engine,
    ...place.trust,
    ...bearer(place),
    '--header',
    'content-type: application/json',
    '--data',
    body,
    `${place.operators}/api/alarms/${id}/acknowledge`,
  );
  expect(answer.includes('"acknowledgedBy"'), answer);
}

/** What must be the same before and after a stop: the alarm's state, version, evidence and custody, as soon as every step that was taken is in it. */
export async function kept(place: Place, id: string): Promise<string> {
  const whole = await eventually('every step in the custody', async () => {
    const found = await alarm(place, id);
    const kinds = new Set(found.custody.map(({ kind }) => kind));
    return ['accepted', 'raised', 'mailed', 'acknowledged'].every((kind) => kinds.has(kind)) ? found : undefined;
  });
  return JSON.stringify({ state: whole.state, version: whole.version, evidence: whole.evidence, custody: whole.custody });
}

async function alarm({ engine, operators, trust, ...place }: Place, id: string) {
  const answer = await curl(engine, ...trust, ...bearer(place), `${operators}/api/alarms/${id}`);
  return JSON.parse(answer) as Alarm & { readonly evidence: unknown; readonly custody: readonly { readonly kind: string }[] };
}

async function alarms({ engine, operators, trust, ...place }: Place): Promise<readonly Alarm[]> {
  const answer = JSON.parse(await curl(engine, ...trust, ...bearer(place), `${operators}/api/alarms`)) as {
    readonly alarms?: readonly Alarm[];
  };
  return answer.alarms ?? [];
}

export async function mails({
  engine,
}: Pick<Place, 'engine'>): Promise<readonly { readonly MessageID: string; readonly Subject: string }[]> {
  const { messages } = JSON.parse(await curl(engine, 'http://127.0.0.1:8025/api/v1/messages?limit=5000')) as {
    readonly messages: readonly { readonly MessageID: string; readonly Subject: string }[];
  };
  return messages;
}

const bearer = ({ folder }: Pick<Place, 'folder'>): string[] => ['--header', `Authorization: Bearer ${secretOf(folder, 'api-token')}`];
