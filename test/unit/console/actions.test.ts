/** An operator's action, however answers get lost: done at most once, and its outcome can be asked for. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { acted, actionAnswer, conflict } from '../../../console/api/schemas.ts';
import { Actions } from '../../../console/live/actions.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { alarmOf, NOON } from '../../support/alarms.ts';
import { call, eventually, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';

let running: TestConsole[] = [];
const start = async (options: Parameters<typeof startTestConsole>[0] = {}): Promise<TestConsole> => {
  const started = await startTestConsole(options);
  running.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

const SOON = { TOCSIN_CONSOLE_ANSWER: '20ms' };
const archived = (changes: Parameters<typeof alarmOf>[0]) => ({ ...alarmOf(changes), region: 'UK', geohash: 'gcwfhf0kz' });
const newId = (): string => randomUUID();
const actionsIn = (on: TestConsole) => on.log.all('ACTION').map(({ value }) => JSON.parse(value));
const outcomeOf = async (on: TestConsole, id: string) => actionAnswer.parse((await call(on, `/api/actions/${id}`)).json);

async function raised(on: TestConsole, sensor = 42_959) {
  await on.report(sensor);
  const { json } = await eventually(
    () => call(on, '/api/alarms'),
    ({ json: page }) => page.alarms.length > 0,
  );
  return json.alarms[0];
}

/** Answers of detection, written by hand. */
async function answer(on: TestConsole, event: object): Promise<void> {
  await on.log.append(
    'ALARM',
    oneRecord(42_959, JSON.stringify({ at: NOON, cause: { topic: 'ACTION', partition: 0, offset: 0 }, ...event })),
    NOON,
  );
}

describe('an action with an id of the caller', () => {
  it('sent twice, after its answer or beside it, is one action with one answer', async () => {
    const on = await start();
    const { id, version } = await raised(on);
    const action = newId();
    const send = () => call(on, `/api/alarms/${id}/note`, { body: { version, action, note: 'called the premises' } });
    const together = await Promise.all([send(), send(), send()]);
    for (const { status, json } of [...together, await send()]) {
      expect(status).toBe(200);
      expect(acted.parse(json)).toMatchObject({ action, id, version: version + 1 });
    }
    expect(actionsIn(on)).toMatchObject([{ id: action, kind: 'note' }]);
    const { json } = await call(on, `/api/alarms/${id}`);
    expect(json.custody.filter(({ kind }: { kind: string }) => kind === 'noted')).toHaveLength(1);
  });

  it('refused once stays refused, in the same words', async () => {
    const on = await start();
    const { id } = await raised(on);
    const action = newId();
    const send = () => call(on, `/api/alarms/${id}/acknowledge`, { body: { version: 7, action } });
    const [first, second] = [await send(), await send()];
    expect([first.status, second.status]).toEqual([409, 409]);
    expect(conflict.parse(second.json)).toEqual(first.json);
    expect(await outcomeOf(on, action)).toMatchObject({ state: 'refused', reason: first.json.error, alarm: { id, state: 'ACTIVE_UNACK' } });
  });

  it('cannot be reused for another action: the alarm and the kind must be the same', async () => {
    const on = await start();
    await on.report(1);
    await on.report(2);
    const { json } = await eventually(
      () => call(on, '/api/alarms'),
      ({ json: page }) => page.alarms.length === 2,
    );
    const [one, two] = json.alarms;
    const action = newId();
    expect((await call(on, `/api/alarms/${one.id}/acknowledge`, { body: { version: 1, action } })).status).toBe(200);
    const other = await call(on, `/api/alarms/${two.id}/acknowledge`, { body: { version: 1, action } });
    expect(other).toMatchObject({ status: 409, json: { action, error: expect.stringContaining(one.id) } });
    expect((await call(on, `/api/alarms/${one.id}/note`, { body: { version: 2, action, note: 'x' } })).status).toBe(409);
    expect(actionsIn(on)).toHaveLength(1);
  });

  it('can be asked for at another console', async () => {
    const first = await start();
    const { id, version } = await raised(first);
    const second = await start({ log: first.log, processor: false });
    const action = newId();
    expect(await outcomeOf(second, action)).toEqual({ action, state: 'unknown' });
    await call(first, `/api/alarms/${id}/acknowledge`, { body: { version, action } });
    const seen = await eventually(
      () => outcomeOf(second, action),
      ({ state }) => state !== 'unknown',
    );
    expect(seen).toMatchObject({ state: 'done', alarm: { id, state: 'ACTIVE_ACK' } });
    // Sent to the other console, as by a page behind a load balancer: not done again.
    expect((await call(second, `/api/alarms/${id}/acknowledge`, { body: { version, action } })).status).toBe(200);
    expect(actionsIn(first)).toHaveLength(1);
  });

  it('is known after a restart of the console, although the archive has its alarm already', async () => {
    const first = await start();
    const { id, version } = await raised(first);
    const action = newId();
    const done = await call(first, `/api/alarms/${id}/acknowledge`, { body: { version, action } });
    first.log.commitNow('archive', 'ALARM', 0, 2);
    const { client: _, custody: __, action: ___, ...fields } = done.json;
    const times = { raisedAt: NOON, lastSeenAt: NOON, acknowledgedAt: NOON };
    const second = await start({ log: first.log, processor: false, archived: [archived({ ...fields, ...times, clearedAt: undefined })] });
    expect(await outcomeOf(second, action)).toMatchObject({ state: 'done', alarm: { id } });
  });

  it('gets its outcome only from the log: the first one there counts', async () => {
    const on = await start({ processor: false, archived: [archived({ id: 'one' })], environment: SOON });
    const action = { id: newId(), alarm: 'one', sensor: 42_959, kind: 'acknowledge', version: 1, by: 'op' };
    await answer(on, { event: 'acknowledged', action, alarm: alarmOf({ id: 'one', version: 2, state: 'ACTIVE_ACK' }) });
    await answer(on, { event: 'refused', action, reason: 'the alarm has changed since' });
    await answer(on, { event: 'noted', alarm: alarmOf({ id: 'one', version: 3, state: 'ACTIVE_ACK' }) });
    await eventually(
      () => call(on, '/api/alarms/one'),
      ({ json }) => json.version === 3,
    );
    expect(await outcomeOf(on, action.id)).toMatchObject({ state: 'done', alarm: { version: 3 } });
  });
});

describe('an action that is not answered in time', () => {
  it('has an address, which says pending until detection has decided, and then what it decided', async () => {
    const on = await start({ processor: false, archived: [archived({ id: 'one' }), archived({ id: 'two' })], environment: SOON });
    for (const [alarm, event, state] of [
      ['one', { event: 'acknowledged', alarm: alarmOf({ id: 'one', version: 2, state: 'ACTIVE_ACK', acknowledgedBy: 'api' }) }, 'done'],
      ['two', { event: 'refused', reason: 'already acknowledged by op2' }, 'refused'],
    ] as const) {
      const late = await call(on, `/api/alarms/${alarm}/acknowledge`, { body: { version: 1 } });
      expect(late.status).toBe(504);
      const { action, error } = late.json;
      expect(late.headers.get('location')).toBe(`/api/actions/${action}`);
      expect(error).toContain(`/api/actions/${action}`);
      expect(await outcomeOf(on, action)).toMatchObject({ state: 'pending', alarm: { id: alarm, state: 'ACTIVE_UNACK' } });
      const sent = actionsIn(on).find(({ id }) => id === action);
      await answer(on, { ...event, action: sent });
      const known = await eventually(
        () => outcomeOf(on, action),
        (now) => now.state !== 'pending',
      );
      expect(known).toMatchObject({ state, ...(event.event === 'refused' ? { reason: event.reason } : { alarm: { version: 2 } }) });
    }
  });

  it('is not sent to the log again when it is repeated', async () => {
    const on = await start({ processor: false, archived: [archived({ id: 'one' })], environment: SOON });
    const action = newId();
    const send = () => call(on, '/api/alarms/one/acknowledge', { body: { version: 1, action } });
    expect([(await send()).status, (await send()).status]).toEqual([504, 504]);
    expect(actionsIn(on)).toHaveLength(1);
  });

  it('is told although its alarm cannot be fetched', async () => {
    const on = await start({ processor: false, archived: [archived({ id: 'one', state: 'CLEARED_ACK', version: 4 })], environment: SOON });
    const { json } = await call(on, '/api/alarms/one/note', { body: { version: 4, note: 'keys are with the neighbour' } });
    on.archive.fault = new TransientError('archive-away', 'no connection');
    expect(await outcomeOf(on, json.action)).toMatchObject({ state: 'pending' });
  });
});

describe('an action that the log does not take', () => {
  it('names itself, says whether it may have been done, and can be sent again', async () => {
    const on = await start();
    const { id, version } = await raised(on);
    const action = newId();
    const send = () => call(on, `/api/alarms/${id}/acknowledge`, { body: { version, action } });
    on.log.fault = new TransientError('disk-full', 'the disk is full');
    expect(await send()).toMatchObject({ status: 503, json: { action, error: expect.stringMatching(/^it was not done.*disk is full/) } });
    on.log.fault = new TransientError('log-unavailable', 'no broker answers');
    expect(await send()).toMatchObject({ status: 503, json: { action, error: expect.stringMatching(/not known whether it was done/) } });
    expect(await outcomeOf(on, action)).toEqual({ action, state: 'unknown' });
    on.log.fault = undefined;
    expect(await send()).toMatchObject({ status: 200, json: { action, state: 'ACTIVE_ACK' } });
  });

  it('because the clock is off, makes the console not ready until it is corrected', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const on = await start();
    const { id, version } = await raised(on);
    const ready = async () => (await fetch(`${on.console.url}/readyz`)).status;
    expect(await ready()).toBe(200);
    on.log.fault = new TransientError('clock-off', "this machine's clock is 30 min ahead of the broker's");
    const { status, json } = await call(on, `/api/alarms/${id}/acknowledge`, { body: { version } });
    expect([status, json.error]).toEqual([503, expect.stringContaining('30 min ahead')]);
    const readiness = await fetch(`${on.console.url}/readyz`);
    expect([readiness.status, await readiness.text()]).toEqual([503, expect.stringContaining('30 min ahead')]);
    on.log.fault = undefined;
    await vi.advanceTimersByTimeAsync(5_000);
    await eventually(ready, (now) => now === 200);
  });
});

describe('after the end of an alarm', () => {
  const ended = archived({ id: 'ended', state: 'CLEARED_ACK', version: 4, clearedAt: NOON + 60_000, acknowledgedAt: NOON + 1_000 });

  it.each([
    ['note', { note: 'the technician found a wasp' }, 'noted'],
    ['disposition', { disposition: 'false' }, 'disposed'],
  ])('a %s is taken, and everybody is told with the place that the archive knows', async (kind, body, event) => {
    const on = await start({ processor: false, archived: [ended], clients: [] });
    const done = call(on, `/api/alarms/ended/${kind}`, { body: { version: 4, ...body } });
    const [action] = await eventually(
      async () => actionsIn(on),
      (all) => all.length > 0,
    );
    expect(action).toMatchObject({ alarm: 'ended', sensor: 42_959, kind, version: 4, ...body });
    const { region: _, geohash: __, ...alarm } = ended;
    await answer(on, { event, action, alarm: { ...alarm, version: 5, ...(kind === 'disposition' ? body : {}) } });
    expect(await done).toMatchObject({
      status: 200,
      json: { id: 'ended', state: 'CLEARED_ACK', version: 5, region: 'UK', disposition: kind === 'disposition' ? 'false' : null },
    });
    const { json } = await call(on, '/api/alarms?state=all');
    expect(json.alarms).toMatchObject([{ id: 'ended', version: 5, region: 'UK' }]);
    expect((await call(on, '/api/alarms?state=all&region=UK')).json.alarms).toHaveLength(1);
    expect((await call(on, '/api/alarms?state=open')).json.alarms).toEqual([]);
  });

  it('what another console adds is shown here too, with its place', async () => {
    const on = await start({ processor: false, archived: [ended] });
    const { region: _, geohash: __, ...alarm } = ended;
    await answer(on, { event: 'noted', alarm: { ...alarm, version: 5 } });
    await eventually(
      () => call(on, '/api/alarms/ended'),
      ({ json }) => json.version === 5 && json.region === 'UK',
    );
  });
});

describe('what is not an action', () => {
  it.each([0, -1, 1.5, '1', 1e300, Number.MAX_SAFE_INTEGER, null, undefined, true, [1]])(
    'version %j is refused at once',
    async (version) => {
      const on = await start({ processor: false, archived: [archived({ id: 'one' })] });
      const { status, json } = await call(on, '/api/alarms/one/acknowledge', { body: { version } });
      expect([status, json.error]).toEqual([400, expect.stringMatching(/version/)]);
      expect(actionsIn(on)).toEqual([]);
    },
  );

  it.each([
    ['short', 'an id that others may hit upon'],
    ['x'.repeat(65), 'one that is too long'],
    ['../../../etc/passwd', 'a path'],
    [17, 'a number'],
  ])('the id %j, %s, is refused at once', async (action, _what) => {
    const on = await start({ processor: false, archived: [archived({ id: 'one' })] });
    const { status, json } = await call(on, '/api/alarms/one/acknowledge', { body: { version: 1, action } });
    expect([status, json.error]).toEqual([400, expect.stringMatching(/action/)]);
  });

  it('has no outcome, nor is it for viewers', async () => {
    const on = await start({ processor: false });
    expect((await call(on, '/api/actions/%3Cscript%3E')).status).toBe(404);
    expect((await call(on, `/api/actions/${newId()}`, { token: VIEWER_TOKEN })).status).toBe(403);
  });

  it('names itself in the answer about an alarm that does not exist', async () => {
    const on = await start({ processor: false });
    const action = newId();
    const { status, json } = await call(on, '/api/alarms/none/acknowledge', { body: { version: 1, action } });
    expect([status, json.action]).toEqual([404, action]);
    expect(await outcomeOf(on, action)).toMatchObject({ state: 'unknown' });
  });
});

describe('what is remembered of actions', () => {
  const event = (id: string) =>
    ({
      event: 'acknowledged',
      at: 1,
      cause: { topic: 'ACTION', partition: 0, offset: 1 },
      alarm: alarmOf(),
      action: { id, alarm: 'a', sensor: 1, kind: 'acknowledge', version: 1, by: 'op' },
    }) as const;

  it('is bounded: the newest are kept', () => {
    const actions = new Actions({ knownMax: 100 });
    for (let i = 0; i < 1_000; i += 1) actions.hear(event(`${i}`));
    expect([actions.find('899'), actions.find('900')?.state]).toEqual([undefined, 'done']);
  });

  it('ends all waits at a stop, and the wait for an action that was given up', async () => {
    const actions = new Actions();
    actions.begin('one', 'a', 'note');
    actions.begin('two', 'a', 'note');
    const [one, two] = [actions.outcome('one', 60_000), actions.outcome('two', 60_000)];
    actions.giveUp('one');
    actions.close();
    expect([await one, (await two)?.state]).toEqual([undefined, 'pending']);
  });

  it('says when too many wait', () => {
    const actions = new Actions({ waitingMax: 2 });
    for (const id of ['one', 'two']) {
      actions.begin(id, 'a', 'note');
      void actions.outcome(id, 60_000);
    }
    expect(actions.full).toBe(true);
    actions.hear(event('one'));
    expect(actions.full).toBe(false);
    actions.close();
  });
});
