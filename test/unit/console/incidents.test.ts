/** Incidents as the console shows them, and what operators do to them, with the real engine behind the log. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { PresencePulse } from '../../../console/incidents/presence-pulse.ts';
import { incidentConflict, incidentPage, responseAnswer, wholeIncident } from '../../../console/api/schemas-incidents.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { call, eventually, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';
import { TestIncidentTopics } from '../../support/incident-topics.ts';

let ends: (() => unknown)[] = [];
afterEach(async () => {
  const all = ends.reverse();
  ends = [];
  for (const end of all) await end();
});

async function start(topics: TestIncidentTopics, options: Parameters<typeof startTestConsole>[0] = {}): Promise<TestConsole> {
  const on = await startTestConsole({ processor: false, incidentTopics: topics, ...options });
  ends.push(() => on.stop());
  return on;
}

/** A console with what happened so far in its list. */
async function startWith(happens: (topics: TestIncidentTopics) => void, options: Parameters<typeof startTestConsole>[0] = {}) {
  const topics = new TestIncidentTopics();
  happens(topics);
  await topics.commit();
  const on = await start(topics, options);
  const { json } = await eventually(
    () => call(on, '/api/incidents'),
    ({ status }) => status === 200,
  );
  return { topics, on, incidents: incidentPage.parse(json).incidents };
}

const key = (id = randomUUID() as string) => ({ 'idempotency-key': id });
const post = (on: TestConsole, path: string, body: object = {}, id?: string) => call(on, path, { body, headers: key(id) });
const home = { site: 'High Street 12', region: 'North', cell: 'u33dbckk' };

describe('where no incidents are kept', () => {
  it('the API says so with a 503 and a sentence, and alarms are shown all the same', async () => {
    const on = await startTestConsole({ processor: false });
    ends.push(() => on.stop());
    for (const answer of [await call(on, '/api/incidents'), await call(on, '/api/response'), await post(on, '/api/incidents/next')]) {
      expect(answer.status).toBe(503);
      expect(answer.json.error).toMatch(/keeps no incidents/);
    }
    expect((await call(on, '/api/alarms')).status).toBe(200);
    expect(on.health.problems()).toEqual({});
  });

  it('nor are there any while nobody writes the topic; with the first record there are', async () => {
    const topics = new TestIncidentTopics();
    const on = await start(topics);
    await eventually(
      () => call(on, '/api/incidents'),
      ({ status, json }) => status === 503 && /keeps no incidents/.test(json.error),
    );
    topics.centre.raise(1, home);
    await topics.commit();
    await eventually(
      () => call(on, '/api/incidents'),
      ({ json }) => json.incidents?.length === 1,
    );
  });
});

describe('the list of incidents', () => {
  it('has the gravest first, then the oldest, in pages that nothing shifts', async () => {
    const { on, topics } = await startWith(({ centre }) => {
      centre.raise(1, { site: 'a', type: 'motion' });
      centre.now += 1_000;
      centre.raise(2, { site: 'b', type: 'smoke' });
      centre.now += 1_000;
      centre.raise(3, { site: 'c', type: 'smoke' });
      centre.raise(4, { site: 'd', type: 'temperature' });
    });
    const first = (await call(on, '/api/incidents?limit=2')).json;
    expect(first.incidents.map(({ site }: { site: string }) => site)).toEqual(['b', 'c']);
    topics.centre.raise(5, { site: 'e', type: 'smoke' });
    await topics.commit();
    await eventually(
      () => call(on, '/api/incidents'),
      ({ json }) => json.incidents.length === 5,
    );
    const rest = (await call(on, `/api/incidents?limit=9&cursor=${first.cursor}`)).json;
    expect(rest.incidents.map(({ site }: { site: string }) => site)).toEqual(['e', 'd', 'a']);
    expect(rest.cursor).toBeNull();
    const found = async (query: string) =>
      (await call(on, `/api/incidents?${query}`)).json.incidents.map(({ site }: { site: string }) => site);
    expect([await found('severity=MINOR'), await found('site=d'), await found('phase=CLOSED'), await found('kind=trouble')]).toEqual([
      ['a'],
      ['d'],
      [],
      [],
    ]);
    expect((await call(on, '/api/incidents?cursor=x')).status).toBe(400);
    expect((await call(on, '/api/incidents?phase=gone')).json.error).toMatch(/must be one of open, NEW/);
  });

  it('shows viewers no premises, no notes and no place finer than five characters', async () => {
    const { on, incidents } = await startWith(({ centre }) => {
      centre.raise(1, home);
      centre.act('ann', centre.only(), { kind: 'take' });
      centre.act('ann', centre.only(), { kind: 'hold', ms: 60_000, why: 'a dog in the yard' });
      centre.act('ann', centre.only(), { kind: 'note', note: 'the key is below the pot' });
      centre.act('ann', centre.only(), { kind: 'step', step: 'called the neighbour Purser' });
      centre.act('ann', centre.only(), { kind: 'close', membersVersion: 1, disposition: 'false', standing: true, note: 'burnt toast' });
    });
    expect(incidents).toEqual([]);
    const { json } = await call(on, '/api/incidents?phase=CLOSED');
    const { id } = json.incidents[0];
    const secrets = ['High Street', 'u33dbc', 'dog', 'pot', 'Purser', 'toast'];
    const texts = async (token: string | undefined) =>
      `${(await call(on, '/api/incidents?phase=all', { ...(token && { token }) })).text}${(await call(on, `/api/incidents/${id}`, { ...(token && { token }) })).text}`;
    const [full, limited] = [await texts(undefined), await texts(VIEWER_TOKEN)];
    expect(secrets.filter((secret) => !full.includes(secret))).toEqual([]);
    expect(secrets.filter((secret) => limited.includes(secret))).toEqual([]);
    expect(JSON.parse((await call(on, `/api/incidents/${id}`, { token: VIEWER_TOKEN })).text)).toMatchObject({
      geohash: 'u33db',
      region: 'North',
    });
    expect((await call(on, '/api/incidents?site=x', { token: VIEWER_TOKEN })).status).toBe(403);
  });
});

describe('an action', () => {
  it('is answered with the incident; the same key again with the same, and done once', async () => {
    const { on, topics, incidents } = await startWith(({ centre }) => centre.raise(1, home));
    const id = incidents[0]?.id;
    const take = randomUUID();
    const taken = await post(on, `/api/incidents/${id}/take`, {}, take);
    expect(taken.status).toBe(200);
    expect(wholeIncident.parse(taken.json)).toMatchObject({ id, phase: 'TAKEN', owner: 'api' });
    expect((await post(on, `/api/incidents/${id}/take`, {}, take)).json).toEqual(taken.json);
    expect(topics.signals.filter(({ signal }) => signal === 'action')).toHaveLength(1);
    const other = await post(on, `/api/incidents/${id}/note`, { note: 'x' }, take);
    expect([other.status, other.json.error]).toEqual([422, expect.stringContaining('Idempotency-Key')]);
    expect((await post(on, `/api/incidents/${id}/hold`, { minutes: 5, why: 'the key holder comes' })).json).toMatchObject({
      phase: 'HELD',
    });
    expect((await post(on, `/api/incidents/${id}/look`)).status).toBe(200);
    expect((await post(on, `/api/incidents/${id}/step`, { step: 'called', dispatches: true })).json.clock.dispatched).toBeDefined();
    const closed = await post(on, `/api/incidents/${id}/close`, {
      membersVersion: 1,
      disposition: 'genuine',
      standing: true,
      note: 'they are there',
    });
    expect(closed.json).toMatchObject({ phase: 'CLOSED', closing: { disposition: 'genuine', by: 'api' } });
    expect((await post(on, `/api/incidents/${id}/disposition`, { disposition: 'false' })).json.closing.disposition).toBe('false');
    expect(closed.json.history.map(({ event }: { event: string }) => event)).toEqual(
      expect.arrayContaining(['opened', 'taken', 'held', 'stepped', 'closed']),
    );
  });

  it('is refused with the incident as it is and a sentence, or for a field that is wrong, and is in the audit trail', async () => {
    const { on, topics, incidents } = await startWith(({ centre }) => {
      centre.raise(1, home);
      centre.act('ann', centre.only(), { kind: 'take' });
    });
    const path = `/api/incidents/${incidents[0]?.id}`;
    const refused = await post(on, `${path}/take`);
    expect([refused.status, incidentConflict.parse(refused.json)]).toMatchObject([
      409,
      { error: 'ann has it', incident: { owner: 'ann' } },
    ]);
    const wrong = [
      await call(on, `${path}/take`, { body: {} }),
      await call(on, `${path}/take`, { body: {}, headers: { 'idempotency-key': 'no uuid' } }),
      await post(on, `${path}/hold`, { minutes: 61, why: 'x' }),
      await post(on, `${path}/close`, { membersVersion: 1, disposition: 'fire' }),
      await post(on, `${path}/note`, { note: ' ' }),
    ];
    expect(wrong.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422]);
    expect((await post(on, '/api/incidents/izz/take')).status).toBe(404);
    expect(topics.signals.filter(({ signal }) => signal === 'action')).toHaveLength(1);
    await eventually(
      async () => on.log.all('AUDIT').map(({ value }) => String(value)),
      (rows) => rows.some((row) => row.includes('"incident-take"') && row.includes(`"incident":"${incidents[0]?.id}"`)),
    );
  });

  it('whose outcome is not known yet, or that the log does not take, can be asked for again with its key', async () => {
    const { on, topics, incidents } = await startWith(({ centre }) => centre.raise(1, home), {
      environment: { TOCSIN_CONSOLE_ANSWER: '50ms' },
    });
    const path = `/api/incidents/${incidents[0]?.id}/take`;
    const id = randomUUID();
    topics.fault = new TransientError('log-unavailable', 'no broker');
    const away = await post(on, path, {}, id);
    expect([away.status, away.json.error]).toEqual([503, expect.stringContaining('send it again')]);
    topics.fault = undefined;
    topics.isSlow = true;
    const late = await post(on, path, {}, id);
    expect([late.status, late.json.error]).toEqual([504, expect.stringContaining('same Idempotency-Key')]);
    await topics.decide(topics.signals);
    const done = await eventually(
      () => post(on, path, {}, id),
      ({ status }) => status === 200,
    );
    expect(done.json).toMatchObject({ owner: 'api', phase: 'TAKEN' });
  });

  it('"next" takes the gravest, and what is offered is accepted together', async () => {
    const { on, topics } = await startWith(({ centre }) => {
      centre.raise(1, { site: 'a', type: 'motion' });
      centre.raise(2, { site: 'b', type: 'smoke' });
      for (const incident of centre.open()) if (incident.severity === 'MINOR') centre.act('ann', incident, { kind: 'take' });
    });
    expect((await post(on, '/api/incidents/next')).json).toMatchObject({ site: 'b', owner: 'api' });
    expect((await post(on, '/api/incidents/next')).status).toBe(404);
    const offer = topics.centre.offer('ann', 'all').action;
    await topics.commit();
    expect((await post(on, `/api/handovers/${offer}/accept`)).json.incidents).toMatchObject([{ site: 'a', owner: 'api' }]);
    const handover = randomUUID();
    const offered = await post(on, '/api/handovers', { to: 'bob' }, handover);
    expect(offered.json).toMatchObject({ handover, incidents: [{ owner: 'api' }, { owner: 'api' }] });
    expect((await post(on, `/api/handovers/${handover}/accept`)).status).toBe(409);
  });
});

it('answers for one that was merged into another with that other', async () => {
  const { on, topics, incidents } = await startWith(({ centre }) => {
    centre.raise(1, home);
    centre.raise(2, { site: null });
  });
  expect(incidents).toHaveLength(2);
  topics.centre.place(2, home.site);
  await topics.commit();
  const [left] = await eventually(
    async () => incidentPage.parse((await call(on, '/api/incidents')).json).incidents,
    (open) => open.length === 1,
  );
  for (const { id } of incidents) expect((await call(on, `/api/incidents/${id}`)).json).toMatchObject({ id: left?.id, members: 2 });
});

it('says how quick operators were, as JSON and as CSV, and how many alarms were false', async () => {
  const { on } = await startWith(({ centre }) => {
    centre.raise(1, home);
    centre.now += 30_000;
    centre.act('ann', centre.only(), { kind: 'take' });
    centre.act('ann', centre.only(), { kind: 'close', membersVersion: 1, disposition: 'false', standing: true, note: 'toast' });
  });
  const { response, falseAlarms } = responseAnswer.parse((await call(on, '/api/response')).json);
  expect(response).toMatchObject([{ severity: 'CRITICAL', from: 'opened', until: 'taken', count: 1, p99: 30_000 }]);
  expect(falseAlarms[0]).toMatchObject({ severity: 'CRITICAL', false: 1, share: 1 });
  const csv = await call(on, '/api/response?format=csv');
  expect(csv.text).toBe(
    'day,severity,from,until,count,negative,p50,p90,p95,p99\r\n2026-03-02,CRITICAL,opened,taken,1,0,30000,30000,30000,30000\r\n',
  );
  expect((await call(on, '/api/response?from=2026-03-03T00:00:00Z')).json.response).toEqual([]);
});

it('goes on after a record that cannot be read, and says that something may be missing', async () => {
  const { on, topics } = await startWith(({ centre }) => centre.raise(1, home));
  await topics.write('{"incident":{"id":"i0"');
  topics.centre.raise(2, { site: 'b' });
  await topics.commit();
  const { json } = await eventually(
    () => call(on, '/api/incidents'),
    (answer) => answer.json.incidents.length === 2,
  );
  expect(json.problems).toEqual([expect.stringContaining('could not be read')]);
  expect(on.health.problems()).toEqual({});
  expect(on.health.notices()['console-incidents']).toMatch(/could not be read/);
});

it('who is there is said as long as somebody is, and a while after the last has left', async () => {
  let now = 0;
  let there = ['ann'];
  const topics = new TestIncidentTopics();
  const presence = new PresencePulse(
    () => there,
    (signals) => topics.append(signals),
    () => now,
  );
  const pulse = async (): Promise<void> => {
    await presence.pulse();
    now += 20_000;
  };
  await pulse();
  there = [];
  for (let i = 0; i < 10; i += 1) await pulse();
  expect(topics.signals).toEqual([
    { signal: 'presence', operators: ['ann'] },
    ...Array.from({ length: 5 }, () => ({ signal: 'presence', operators: [] })),
  ]);
});
