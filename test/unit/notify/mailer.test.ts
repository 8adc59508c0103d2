import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Directory } from '../../../directory/port.ts';
import type { Mail, MailTransport } from '../../../notify/channels/mail/port.ts';
import { bounded } from '../../../notify/channels/mail/rate.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { SEVEN } from '../../support/alarm-types.ts';
import { changeOf, clientOf, mailOf, NOON } from '../../support/alarms.ts';
import { type CrashPoint, directoryOf, type MailerRig, openMailerRig } from '../../support/mailer-rig.ts';

let rig: MailerRig;
beforeEach(async () => {
  rig = await openMailerRig(NOON + 1_000);
});
afterEach(() => rig.close());

/** A transport that answers as the test says and keeps its mails. */
function transportOf(answer: (mail: Mail, attempt: number) => 'take' | Error | Promise<'take'> = () => 'take') {
  const taken: string[] = [];
  const subjects: string[] = [];
  const attempts = new Map<string, number>();
  const transport: MailTransport = {
    send: async (mail) => {
      const id = mail.messageId;
      const attempt = (attempts.get(id) ?? 0) + 1;
      attempts.set(id, attempt);
      const verdict = await answer(mail, attempt);
      if (verdict instanceof Error) throw verdict;
      taken.push(id);
      subjects.push(mail.subject);
      return { reply: '250 OK' };
    },
    close: async () => undefined,
  };
  return { ...transport, taken, subjects, attempts };
}

const idOf = (alarm: string, event: 'raised' | 'cleared') => `<${alarm}.${event}@localhost>`;
const raised = (id: string, more: object = {}) => changeOf('raised', { id, ...more });
const cleared = (id: string) => changeOf('cleared', { id });
const later = new TransientError('mail-deferred', '451 later');

describe('the mailer', () => {
  it('mails an alarm of a type of the settings to who wants it, by its label', async () => {
    const recipients: (readonly string[])[] = [];
    const transport = transportOf((mail) => {
      recipients.push(mail.to);
      return 'take';
    });
    const settings = { TOCSIN_MAIL_ROUTES: 'type=mains,water -> facilities@arc.example' };
    await rig.start(transport, { settings, types: SEVEN });
    await rig.alarm(raised('a', { type: 'mains', severity: 'MINOR' }), raised('b', { type: 'gas' }));
    await rig.done();
    const mails = transport.subjects.map((subject, i) => [subject, recipients[i]]);
    expect(mails.toSorted()).toEqual([
      ['CRITICAL Gas alarm — Leeds, GB — sensor 42959', ['monitoring@localhost']],
      ['MINOR No mains alarm — Leeds, GB — sensor 42959', ['facilities@arc.example']],
    ]);
  });

  it('mails an alarm to who is named for the region of its client, and to the desk where nobody knows the client', async () => {
    const recipients = new Map<string, readonly string[]>();
    const transport = transportOf((mail) => {
      recipients.set(mail.messageId, mail.to);
      return 'take';
    });
    rig.clients.set(7, clientOf({ id: 7, region: 'Asia' }));
    const settings = { TOCSIN_MAIL_ROUTES: 'region=UK -> uk@arc.example | region=Asia -> asia@arc.example' };
    await rig.start(transport, { settings });
    await rig.alarm(raised('a'), raised('b', { sensor: 7 }), raised('c', { sensor: 8 }));
    await rig.done();
    expect([...recipients].toSorted()).toEqual([
      [idOf('a', 'raised'), ['uk@arc.example']],
      [idOf('b', 'raised'), ['asia@arc.example']],
      [idOf('c', 'raised'), ['monitoring@localhost']],
    ]);
  });

  it('does not start with a route by a type that there is not, and says which there are', async () => {
    const start = (routes: string) => rig.start(transportOf(), { settings: { TOCSIN_MAIL_ROUTES: routes } });
    await expect(start('type=water -> a@x.example')).rejects.toMatchObject({ problems: [expect.stringContaining('no type water')] });
    await expect(start('type=smok,water -> a@x.example')).rejects.toMatchObject({
      name: 'ConfigurationError',
      problems: [
        expect.stringMatching(/^TOCSIN_MAIL_ROUTES: route 1 .* no type smok, did you mean smoke\? There are motion, smoke, temperature$/),
        expect.stringMatching(/^TOCSIN_MAIL_ROUTES: route 1 .* no type water/),
      ],
    });
  });

  it('mails an alarm with its client, records the delivery, and only then moves on', async () => {
    const transport = transportOf();
    await rig.start(transport);
    await rig.alarm(raised('a'));
    await rig.done();
    expect(transport.subjects).toEqual(['CRITICAL smoke alarm — Leeds, GB — sensor 42959']);
    expect(await rig.deliveries()).toEqual([
      {
        alarm: 'a',
        sensor: 42_959,
        event: 'raised',
        messageId: idOf('a', 'raised'),
        outcome: 'sent',
        reply: '250 OK',
        attempts: 1,
        at: NOON + 1_000,
      },
    ]);
    expect(await rig.metric('tocsin_mails_sent_total')).toBe(1);
    expect([await rig.metric('tocsin_mails_unfinished'), await rig.metric('tocsin_mails_unread')]).toEqual([0, 0]);
  });

  it('mails what is raised and what clears, in that order, and nothing else that happens to an alarm', async () => {
    const transport = transportOf();
    await rig.start(transport);
    const seen = { ...raised('a'), event: 'seen' as const };
    const action = { id: 'x', alarm: 'a', sensor: 42_959, kind: 'note' as const, version: 1, by: 'op' };
    const refused = { event: 'refused' as const, at: NOON, cause: seen.cause, action, reason: 'stale' };
    await rig.alarm(raised('a'), seen, { ...seen, event: 'acknowledged' }, refused, cleared('a'), { ...seen, event: 'noted' });
    await rig.done();
    expect(transport.taken).toEqual([idOf('a', 'raised'), idOf('a', 'cleared')]);
  });

  it('leaves recoveries out where they are not wanted', async () => {
    const transport = transportOf();
    await rig.start(transport, { settings: { TOCSIN_MAIL_RECOVERY: 'off' } });
    await rig.alarm(raised('a'), cleared('a'));
    await rig.done();
    expect(transport.taken).toEqual([idOf('a', 'raised')]);
  });

  it('keeps the order of one alarm while its first mail is put off, and sends the others meanwhile', async () => {
    const transport = transportOf((mail, attempt) => (mail.messageId === idOf('a', 'raised') && attempt < 3 ? later : 'take'));
    await rig.start(transport);
    await rig.alarm(raised('a'), cleared('a'), raised('b'));
    await rig.done();
    expect(transport.taken).toEqual([idOf('b', 'raised'), idOf('a', 'raised'), idOf('a', 'cleared')]);
    expect((await rig.deliveries()).map(({ attempts }) => attempts)).toEqual([1, 3, 1]);
    expect(await rig.metric('tocsin_mails_deferred_total')).toBe(2);
  });

  it('parks a mail that is refused for good with its reason, and goes on', async () => {
    const transport = transportOf((mail) =>
      mail.messageId === idOf('a', 'raised') ? new PermanentError('mail-rejected', '550 no') : 'take',
    );
    await rig.start(transport);
    await rig.alarm(raised('a'), raised('b'));
    await rig.done();
    expect(transport.taken).toEqual([idOf('b', 'raised')]);
    const [letter, ...others] = await rig.dead();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ topic: 'ALARM', partition: 0, offset: 0, reason: '550 no', by: 'mailer' });
    expect(JSON.parse(letter?.value ?? '')).toEqual(raised('a'));
    expect((await rig.deliveries()).map(({ alarm, outcome, reply }) => [alarm, outcome, reply])).toContainEqual(['a', 'parked', '550 no']);
    expect(await rig.metric('tocsin_mails_parked_total')).toBe(1);
  });

  it.each([
    ['what is not JSON', 'not json'],
    ['an event without its alarm', '{"event":"raised"}'],
    ['an unknown event', '{"event":"exploded"}'],
    ['an event without a time', JSON.stringify({ ...raised('x'), at: 'noon' })],
  ])('parks %s, and goes on', async (_what, value) => {
    const transport = transportOf();
    await rig.start(transport);
    await rig.alarm(value, raised('b'));
    await rig.done();
    expect(transport.taken).toEqual([idOf('b', 'raised')]);
    expect(await rig.dead()).toEqual([expect.objectContaining({ value, offset: 0, by: 'mailer' })]);
  });

  it('never takes more from the log than its window', async () => {
    await rig.start(transportOf(() => later));
    await rig.alarm(...Array.from({ length: 600 }, (_, i) => raised(`m${i}`)));
    await rig.until(async () => (await rig.metric('tocsin_mails_unread')) === 88);
    expect(await rig.metric('tocsin_mails_unfinished')).toBe(512);
  });

  it('mails all that waited in its window and behind it when the server is back', async () => {
    let away = true;
    const transport = transportOf(() => (away ? later : 'take'));
    await rig.start(transport, { limits: { unfinishedMax: 16 } });
    await rig.alarm(...Array.from({ length: 60 }, (_, i) => raised(`m${i}`)));
    await rig.until(async () => (await rig.metric('tocsin_mails_unfinished')) === 16);
    away = false;
    await rig.done();
    expect(new Set(transport.taken).size).toBe(60);
    expect(transport.taken).toHaveLength(60);
  });

  it('gives up a mail that is put off for ever only when very many later ones went out, so that it cannot stop the rest', async () => {
    const transport = transportOf((mail) => (mail.messageId === idOf('stuck', 'raised') ? later : 'take'));
    await rig.start(transport, { limits: { spanMax: 30 } });
    await rig.alarm(raised('stuck'), ...Array.from({ length: 29 }, (_, i) => raised(`m${i}`)));
    await rig.until(() => transport.taken.length === 29);
    expect(await rig.dead()).toEqual([]);
    await rig.alarm(raised('last'));
    await rig.done();
    expect(transport.taken).toHaveLength(30);
    expect((await rig.dead()).map(({ offset, reason }) => [offset, reason])).toEqual([
      [0, expect.stringMatching(/^put off \d+ times while 29 later ones were taken in$/)],
    ]);
  });

  it('gives it up at once, not when it would be tried again, since all that comes after it in the log waits', async () => {
    const transport = transportOf((mail) => (mail.messageId === idOf('stuck', 'raised') ? later : 'take'));
    const hour = { firstMs: 3_600_000, maxMs: 3_600_000 };
    await rig.start(transport, { limits: { spanMax: 10, backoff: { again: hour, outage: hour } } });
    await rig.alarm(raised('stuck'), ...Array.from({ length: 20 }, (_, i) => raised(`m${i}`)));
    await rig.done();
    expect(transport.taken).toHaveLength(20);
    expect((await rig.dead()).map(({ offset }) => offset)).toEqual([0]);
  });

  it('sends the gravest of what waits first', async () => {
    let open = (): void => undefined;
    const gate = new Promise<'take'>((resolve) => {
      open = () => resolve('take');
    });
    const transport = transportOf((mail) => (mail.messageId === idOf('first', 'raised') ? gate : 'take'));
    await rig.start(transport, { settings: { TOCSIN_MAIL_CONCURRENCY: '1' } });
    await rig.alarm(raised('first'), raised('motion', { type: 'motion', severity: 'MINOR' }), raised('smoke'));
    await rig.until(async () => (await rig.metric('tocsin_mails_unfinished')) === 3);
    open();
    await rig.done();
    expect(transport.taken).toEqual([idOf('first', 'raised'), idOf('smoke', 'raised'), idOf('motion', 'raised')]);
  });
});

describe('a flood of quarantined alarms', () => {
  const limits = { unfinishedMax: 8 };
  const strangers = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => raised(`q${from + i}`, { sensor: 900_000 + from + i, quarantined: true }));
  const theirs = (mail: Mail) => /^<q\d/.test(mail.messageId);

  it.each([1, 3])('of the gravest kind delays no alarm of a client, whatever its severity, with %d partitions', async (partitions) => {
    const many = await openMailerRig(NOON, partitions);
    try {
      let held = true;
      const transport = transportOf((mail) => (held && theirs(mail) ? later : 'take'));
      await many.start(transport, { limits, settings: { TOCSIN_MAIL_CONCURRENCY: '2' } });
      await many.alarm(...strangers(0, 300));
      const severities = ['WARNING', 'MINOR', 'MAJOR', 'CRITICAL'] as const;
      for (const [i, severity] of severities.entries()) {
        await many.alarm(...strangers(300 + i * 100, 400 + i * 100), raised(severity, { severity }));
        await many.until(() => transport.taken.includes(idOf(severity, 'raised')));
      }
      expect(transport.taken).toEqual(severities.map((id) => idOf(id, 'raised')));
      held = false;
      await many.done();
      expect([transport.taken.length, new Set(transport.taken).size]).toEqual([704, 704]);
    } finally {
      await many.close();
    }
  });

  it('is mailed all the same, marked, and with its client if there is one by now', async () => {
    const transport = transportOf();
    await rig.start(transport);
    await rig.alarm(raised('q1', { sensor: 900_001, quarantined: true }), raised('q2', { quarantined: true }));
    await rig.done();
    expect(new Set(transport.subjects)).toEqual(
      new Set(['CRITICAL smoke alarm — client unknown — sensor 900001', 'CRITICAL smoke alarm — Leeds, GB — sensor 42959']),
    );
  });

  it('cannot be feigned by a reading that quotes the mark', async () => {
    const transport = transportOf((mail) => (theirs(mail) ? later : 'take'));
    await rig.start(transport, { limits });
    const fire = raised('fire');
    const evidence = fire.alarm.evidence.map((reading) => ({
      ...reading,
      value: '{"id":1,"x":"\\"quarantined\\":true","quarantined":true}',
    }));
    await rig.alarm(...strangers(0, 100), { ...fire, alarm: { ...fire.alarm, evidence } });
    await rig.until(() => transport.taken.includes(idOf('fire', 'raised')));
  });
});

describe('a flood of lesser alarms', () => {
  const limits = { unfinishedMax: 8 };
  const flood = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => raised(`m${from + i}`, { sensor: from + i, type: 'motion', severity: 'MINOR' }));
  const grave = (id: string) => [raised(id), cleared(id)];
  const lesser = (mail: Mail) => mail.subject.includes('MINOR');

  it.each([1, 3])('delays no graver one, with %d partitions, and none is lost or sent twice', async (partitions) => {
    const many = await openMailerRig(NOON, partitions);
    try {
      let held = true;
      const transport = transportOf((mail) => (held && lesser(mail) ? later : 'take'));
      await many.start(transport, { limits });
      await many.alarm(...flood(0, 60));
      for (const id of ['fire', 'next', 'last']) {
        // One after another, each behind more of them.
        await many.alarm(...flood(transport.taken.length * 10 + 60, transport.taken.length * 10 + 80), ...grave(id));
        await many.until(() => transport.taken.includes(idOf(id, 'cleared')));
      }
      expect(transport.taken).toEqual(['fire', 'next', 'last'].flatMap((id) => [idOf(id, 'raised'), idOf(id, 'cleared')]));
      held = false;
      await many.done();
      expect(new Set(transport.taken).size).toBe(126);
      expect(transport.taken).toHaveLength(126);
      expect(await many.deliveries()).toHaveLength(126);
    } finally {
      await many.close();
    }
  });

  it('is told with all that waits, in memory or not', async () => {
    await rig.start(
      transportOf(() => later),
      { limits },
    );
    await rig.alarm(...flood(0, 50));
    await rig.until(async () => (await rig.metric('tocsin_mails_unfinished')) === 8);
    expect(await rig.metric('tocsin_mails_unread')).toBe(42);
  });

  it('and one of the gravest keep none of what lies between from its place', async () => {
    await rig.start(
      transportOf(() => later),
      { limits },
    );
    await rig.alarm(...flood(0, 20), ...Array.from({ length: 40 }, (_, i) => raised(`c${i}`)), raised('heat', { severity: 'MAJOR' }));
    await rig.until(async () => (await rig.metric('tocsin_mails_unfinished')) === 17);
  });

  it('has no more mails begun before their turn than are remembered, and mails all of them in the end', async () => {
    let held = true;
    const transport = transportOf(() => (held ? later : 'take'));
    await rig.start(transport, { limits: { ...limits, aheadMax: 5 } });
    await rig.alarm(...flood(0, 20), ...Array.from({ length: 7 }, (_, i) => raised(`c${i}`)));
    await rig.until(async () => (await rig.metric('tocsin_mails_unfinished')) === 13);
    held = false;
    await rig.done();
    expect(transport.taken).toHaveLength(27);
    expect(new Set(transport.taken).size).toBe(27);
  });

  it('leaves no reader of the log open after a stop', async () => {
    const open = new Set<object>();
    const reader = rig.log.reader.bind(rig.log);
    Object.assign(rig.log, {
      reader: async (...args: Parameters<typeof reader>) => {
        const real = await reader(...args);
        open.add(real);
        const close = real.close.bind(real);
        return Object.assign(real, {
          close: () => {
            open.delete(real);
            return close();
          },
        });
      },
    });
    const mailer = await rig.start(
      transportOf(() => later),
      { limits },
    );
    await rig.alarm(...flood(0, 20), ...grave('fire'));
    await rig.until(async () => (await rig.metric('tocsin_mails_unfinished')) === 10);
    expect(open.size).toBeGreaterThan(0);
    await mailer.stop();
    expect(open.size).toBe(0);
  });

  it('has none of the recoveries mailed that nobody wants, also of graver ones', async () => {
    let held = true;
    const transport = transportOf((mail) => (held && lesser(mail) ? later : 'take'));
    await rig.start(transport, { limits, settings: { TOCSIN_MAIL_RECOVERY: 'off' } });
    await rig.alarm(...flood(0, 20), ...grave('fire'), ...grave('next'));
    await rig.until(() => transport.taken.includes(idOf('next', 'raised')));
    held = false;
    await rig.done();
    expect(transport.taken.filter((id) => id.includes('cleared'))).toEqual([]);
    expect(transport.taken).toHaveLength(22);
  });

  it('gives up no mail that was never tried', async () => {
    let open = (): void => undefined;
    const gate = new Promise<'take'>((resolve) => {
      open = () => resolve('take');
    });
    const transport = transportOf((mail) => (mail.messageId === idOf('w', 'raised') ? gate : 'take'));
    await rig.start(transport, { limits: { ...limits, spanMax: 16 }, settings: { TOCSIN_MAIL_CONCURRENCY: '1' } });
    await rig.alarm(raised('w', { severity: 'WARNING' }), ...flood(0, 30), raised('v', { severity: 'WARNING' }), ...flood(30, 60));
    open();
    await rig.done();
    expect(transport.taken).toHaveLength(62);
    expect(await rig.dead()).toEqual([]);
  });

  it.each<CrashPoint | undefined>(['before DELIVERY', 'after DELIVERY', 'before position', 'between positions', undefined])(
    'and a crash %s in the middle of it: what comes then is mailed before it, all of it once',
    async (crash) => {
      const events = [...flood(0, 20), ...grave('a'), ...flood(20, 40), ...grave('b')];
      await rig.alarm(...events);
      const stuck = transportOf((mail) => (lesser(mail) && !mail.messageId.includes('m0') ? later : 'take'));
      const first = await rig.start(stuck, { limits, ...(crash && { crash }) });
      await (crash ? rig.crashed() : rig.until(() => stuck.taken.includes(idOf('b', 'cleared'))));
      await first.stop();
      const recorded = (await rig.deliveries()).map(({ messageId }) => messageId);
      let held = true;
      const transport = transportOf((mail) => (held && lesser(mail) ? later : 'take'));
      await rig.start(transport, { limits });
      await rig.alarm(raised('c'));
      await rig.until(() => transport.taken.includes(idOf('c', 'raised')));
      held = false;
      await rig.done();
      const all = [...events, raised('c')].map(({ alarm, event }) => idOf(alarm.id, event));
      expect([...recorded, ...transport.taken].toSorted()).toEqual(all.toSorted());
    },
  );
});

describe('a bound on mails a span', () => {
  it('lets the gravest of a flood go first, keeps no stop waiting, and what it held back is sent after the next start', async () => {
    const transport = transportOf();
    const first = await rig.start(bounded(transport, { mails: 4, perMs: 3_600_000 }));
    const motion = Array.from({ length: 20 }, (_, i) => raised(`m${i}`, { sensor: i, type: 'motion', severity: 'MINOR' }));
    await rig.alarm(...motion);
    await rig.until(() => transport.taken.length === 3);
    await rig.alarm(raised('fire'), raised('fire2'));
    await rig.until(async () => (await rig.deliveries()).length === 4);
    expect(transport.taken.slice(3)).toEqual([idOf('fire', 'raised')]);
    await rig.until(async () => (await rig.metric('tocsin_mails_unfinished')) === 18);
    rig.now += 31_000;
    await rig.until(() => !rig.health.ready);
    expect(rig.health.problems().mailer).toMatch(/^18 mails wait, .* TOCSIN_MAIL_RATE lets no more go yet$/);
    await first.stop();
    const next = transportOf();
    await rig.start(next);
    await rig.done();
    const all = [...motion.map(({ alarm }) => alarm.id), 'fire', 'fire2'].map((id) => idOf(id, 'raised'));
    expect([...transport.taken, ...next.taken].toSorted()).toEqual(all.toSorted());
    expect(await rig.dead()).toEqual([]);
  });

  it('holds for mails that bring the client later, too: a stop leaves them to the next start', async () => {
    const away: Directory = { ...directoryOf(rig.clients), find: () => Promise.reject(new TransientError('store-away', 'no host')) };
    const transport = transportOf();
    const first = await rig.start(bounded(transport, { mails: 1, perMs: 3_600_000 }), { directory: away });
    await rig.alarm(raised('a'));
    await rig.done();
    await first.stop();
    const used = bounded(transport, { mails: 1, perMs: 3_600_000 });
    await used.send(mailOf('other'));
    const second = await rig.start(used);
    await rig.alarm(raised('b'));
    await rig.until(async () => (await rig.metric('tocsin_mails_unfinished')) === 1);
    await second.stop();
    expect(transport.taken).toHaveLength(2);
    await rig.start(transport);
    await rig.until(() => transport.taken.length === 4);
    expect(transport.taken.slice(2).toSorted()).toEqual(['<a.completed@localhost>', idOf('b', 'raised')]);
  });
});

describe('an alarm whose client cannot be found', () => {
  it('goes out at once when nobody is known, and is counted', async () => {
    rig.clients.clear();
    const transport = transportOf();
    await rig.start(transport);
    await rig.alarm(raised('a'));
    await rig.done();
    expect(transport.subjects).toEqual(['CRITICAL smoke alarm — client unknown — sensor 42959']);
    expect(await rig.metric('tocsin_mails_without_client_total')).toBe(1);
  });

  it('waits a little for a directory that comes back', async () => {
    let calls = 0;
    const directory: Directory = {
      ...directoryOf(rig.clients),
      find: async (sensor) => {
        calls += 1;
        if (calls === 1) throw new TransientError('store-away', 'no host');
        return rig.clients.get(sensor);
      },
    };
    const transport = transportOf();
    await rig.start(transport, { directory });
    await rig.alarm(raised('a'));
    await rig.done();
    expect(transport.subjects).toEqual(['CRITICAL smoke alarm — Leeds, GB — sensor 42959']);
  });

  it('goes out with what is known when the directory stays away or does not answer, the next ones without the wait', async () => {
    const directory: Directory = { ...directoryOf(rig.clients), find: () => new Promise(() => undefined) };
    const transport = transportOf();
    await rig.start(transport, { directory, settings: { TOCSIN_MAIL_CONCURRENCY: '1' } });
    await rig.alarm(...['a', 'b', 'c', 'd', 'e', 'f'].map((id) => raised(id)));
    await rig.done();
    expect(new Set(transport.subjects)).toEqual(new Set(['CRITICAL smoke alarm — client unavailable — sensor 42959']));
    expect(transport.subjects).toHaveLength(6);
    expect(rig.lines.filter(({ msg }) => msg.startsWith('clients cannot be looked up'))).toHaveLength(1);
  });
});

describe('a mail that went out while the directory was away', () => {
  const away = new TransientError('cassandra-away', 'Cassandra is out of reach');
  /** Away until the test says otherwise. */
  const directoryAway = () => {
    const state = { away: true };
    const directory: Directory = {
      ...directoryOf(rig.clients),
      find: async (sensor) => (state.away ? Promise.reject(away) : rig.clients.get(sensor)),
    };
    return { directory, state };
  };
  const completedId = (alarm: string) => `<${alarm}.completed@localhost>`;

  it('is completed by a further one, once, when the directory is back', async () => {
    const { directory, state } = directoryAway();
    const transport = transportOf();
    const mailer = await rig.start(transport, { directory });
    await rig.alarm(raised('a'), raised('b'));
    await rig.done();
    expect(new Set(transport.subjects)).toEqual(new Set(['CRITICAL smoke alarm — client unavailable — sensor 42959']));
    state.away = false;
    await rig.until(async () => (await rig.deliveries()).length === 4);
    expect(transport.taken.slice(2).toSorted()).toEqual([completedId('a'), completedId('b')]);
    expect(transport.subjects.slice(2)).toEqual(Array(2).fill('CRITICAL smoke alarm — Leeds, GB — sensor 42959'));
    expect((await rig.deliveries())[2]).toMatchObject({ event: 'raised', outcome: 'sent', completes: true, reply: '250 OK' });
    expect(await rig.metric('tocsin_mails_completed_total')).toBe(2);
    await mailer.stop();
    await rig.start(transport, { directory });
    await rig.alarm(raised('c'));
    await rig.done();
    expect(transport.taken.slice(4)).toEqual([idOf('c', 'raised')]);
  });

  it('is completed by the process that comes after', async () => {
    const { directory } = directoryAway();
    const transport = transportOf();
    const mailer = await rig.start(transport, { directory });
    await rig.alarm(raised('a'));
    await rig.done();
    await mailer.stop();
    await rig.start(transport);
    await rig.until(() => transport.taken.includes(completedId('a')));
    expect(transport.taken).toEqual([idOf('a', 'raised'), completedId('a')]);
  });

  it('is left as it is where there is no client', async () => {
    const { directory, state } = directoryAway();
    rig.clients.clear();
    const transport = transportOf();
    await rig.start(transport, { directory });
    await rig.alarm(raised('a'));
    await rig.done();
    state.away = false;
    await rig.until(async () => ((await rig.log.committed('mail-completion', 'DELIVERY', 0)) ?? 0) === 1);
    expect(transport.taken).toEqual([idOf('a', 'raised')]);
  });

  it('is not completed with another alarm at the same offset, as in a topic that was deleted and created again', async () => {
    const transport = transportOf();
    await rig.start(transport);
    await rig.alarm(raised('a'));
    await rig.done();
    await rig.log.append(
      'DELIVERY',
      oneRecord(42_959, '{"alarm":"gone","sensor":42959,"event":"raised","incomplete":{"partition":0,"offset":0}}'),
      rig.now,
    );
    await rig.until(async () => ((await rig.log.committed('mail-completion', 'DELIVERY', 0)) ?? 0) === 2);
    expect(transport.taken).toEqual([idOf('a', 'raised')]);
  });

  it('is parked where the server refuses the further one, and what comes after goes on', async () => {
    const { directory, state } = directoryAway();
    const transport = transportOf((mail) => (mail.messageId === completedId('a') ? new PermanentError('mail-rejected', '554 no') : 'take'));
    await rig.start(transport, { directory, settings: { TOCSIN_MAIL_CONCURRENCY: '1' } });
    await rig.alarm(raised('a'), raised('b'));
    await rig.done();
    state.away = false;
    await rig.until(() => transport.taken.includes(completedId('b')));
    expect(await rig.dead()).toMatchObject([{ topic: 'ALARM', reason: '554 no', by: 'mail-completion' }]);
  });
});

describe('health', () => {
  it('names the fault once no mail could be handed over for 30 s, and takes it back', async () => {
    let away = true;
    const transport = transportOf(() => (away ? later : 'take'));
    await rig.start(transport);
    await rig.alarm(raised('a'));
    await rig.until(() => transport.attempts.size === 1);
    expect(rig.health.ready).toBe(true);
    rig.now += 31_000;
    await rig.until(() => !rig.health.ready);
    expect(rig.health.problems()).toEqual({ mailer: '1 mail waits, none could be handed over for 30 s: 451 later' });
    away = false;
    await rig.done();
    await rig.until(() => rig.health.ready);
    expect(rig.lines.filter(({ level }) => level >= 50)).toHaveLength(1);
  });

  it('names the fault also while the window is full, and the mails behind it wait in the log', async () => {
    await rig.start(
      transportOf(() => later),
      { limits: { unfinishedMax: 2 } },
    );
    await rig.alarm(...['a', 'b', 'c', 'd'].map((id) => raised(id)));
    await rig.until(async () => (await rig.metric('tocsin_mails_unfinished')) === 2);
    rig.now += 31_000;
    await rig.until(() => !rig.health.ready);
    expect(rig.health.problems().mailer).toMatch(/^2 mails wait/);
  });

  it('has no fault while others go out, however long one of them is put off', async () => {
    const transport = transportOf((mail) => (mail.messageId === idOf('stuck', 'raised') ? later : 'take'));
    await rig.start(transport);
    await rig.alarm(raised('stuck'));
    for (const id of ['a', 'b', 'c']) {
      rig.now += 20_000;
      await rig.alarm(raised(id));
      await rig.until(() => transport.taken.includes(idOf(id, 'raised')));
      // A few looks at it, each after a poll of at most 20 ms.
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(rig.health.problems()).toEqual({});
    }
    rig.now += 31_000;
    await rig.until(() => !rig.health.ready);
  });

  it('counts the 30 s from when a mail began to wait, however long none was to be sent before', async () => {
    let away = false;
    const transport = transportOf(() => (away ? later : 'take'));
    await rig.start(transport);
    await rig.alarm(raised('a'));
    await rig.done();
    rig.now += 3_600_000;
    away = true;
    await rig.alarm(raised('b'));
    await rig.until(() => (transport.attempts.get(idOf('b', 'raised')) ?? 0) > 1);
    expect(rig.health.ready).toBe(true);
    rig.now += 31_000;
    await rig.until(() => !rig.health.ready);
    away = false;
    await rig.done();
  });

  it('calls for a person at once when the server refuses whatever it is sent, and parks nothing', async () => {
    let wrong = true;
    const transport = transportOf(() => (wrong ? new TransientError('mail-misconfigured', '535 wrong password') : 'take'));
    await rig.start(transport);
    await rig.alarm(raised('a'));
    await rig.until(() => !rig.health.ready);
    expect(rig.health.problems().mailer).toContain('535 wrong password');
    expect(rig.lines.filter(({ level }) => level >= 50)).toHaveLength(1);
    wrong = false;
    await rig.done();
    expect(await rig.dead()).toEqual([]);
    expect(transport.taken).toEqual([idOf('a', 'raised')]);
  });
});

describe('a mailer that dies and is started again', () => {
  const events = ['a', 'b', 'c'].flatMap((id) => [raised(id), cleared(id)]);
  const ids = ['a', 'b', 'c'].flatMap((id) => [idOf(id, 'raised'), idOf(id, 'cleared')]);

  it.each<CrashPoint>(['before DELIVERY', 'after DELIVERY', 'before position', 'between positions'])(
    '%s sends again only what does not stand in DELIVERY, under the same id',
    async (crash) => {
      await rig.alarm(...events);
      const settings = { TOCSIN_MAIL_CONCURRENCY: '2' };
      const before = transportOf();
      const first = await rig.start(before, { crash, settings });
      await rig.crashed();
      await first.stop();
      const recorded = (await rig.deliveries()).map(({ messageId }) => messageId);
      // At most the mails under way at that moment.
      expect(before.taken.filter((id) => !recorded.includes(id)).length).toBeLessThanOrEqual(2);
      const after = transportOf();
      await rig.start(after, { settings });
      await rig.done();
      expect([...recorded, ...after.taken].sort()).toEqual([...ids].sort());
      expect(await rig.deliveries()).toHaveLength(events.length);
    },
  );

  it('while one mail was put off sends that one, and none of the others again', async () => {
    const stuck = transportOf((mail) => (mail.messageId === idOf('stuck', 'raised') ? later : 'take'));
    const first = await rig.start(stuck);
    await rig.alarm(raised('stuck'), ...events);
    await rig.until(async () => (await rig.deliveries()).length === events.length);
    await first.stop();
    expect((await rig.log.committed('mailer', 'ALARM', 0)) ?? 0).toBe(0);
    const next = transportOf();
    await rig.start(next);
    await rig.done();
    expect(next.taken).toEqual([idOf('stuck', 'raised')]);
    expect(await rig.metric('tocsin_mails_already_delivered_total')).toBe(events.length);
  });

  it('again and again, while one mail is put off all the time, sends none of the others again', async () => {
    const stuck = transportOf((mail) => (mail.messageId === idOf('stuck', 'raised') ? later : 'take'));
    const first = await rig.start(stuck);
    await rig.alarm(raised('stuck'), ...events);
    await rig.until(async () => (await rig.deliveries()).length === events.length);
    await first.stop();
    for (const _restart of [1, 2]) {
      const again = await rig.start(stuck);
      await rig.until(async () => (await rig.metric('tocsin_mails_unread')) === 0 && (await rig.metric('tocsin_mails_unfinished')) > 0);
      await again.stop();
    }
    await rig.start(stuck);
    await rig.alarm(raised('last'));
    await rig.until(() => stuck.taken.includes(idOf('last', 'raised')));
    expect(stuck.taken.toSorted()).toEqual([...ids, idOf('last', 'raised')].toSorted());
  });

  it('does not read the whole of DELIVERY again', async () => {
    const transport = transportOf();
    const first = await rig.start(transport);
    await rig.alarm(...events);
    await rig.done();
    await first.stop();
    expect(await rig.log.committed('mailer', 'DELIVERY', 0)).toBe(events.length);
  });

  it('does not mail again what was parked', async () => {
    const refusing = transportOf(() => new PermanentError('mail-rejected', '550 no'));
    const first = await rig.start(refusing, { crash: 'before position' });
    await rig.alarm(raised('a'));
    await rig.until(async () => (await rig.deliveries()).length === 1);
    await first.stop();
    const next = transportOf();
    await rig.start(next);
    await rig.done();
    expect(next.taken).toEqual([]);
    expect(await rig.dead()).toHaveLength(1);
  });
});

describe('several partitions', () => {
  it('each keep their own position and ledger', async () => {
    const many = await openMailerRig(NOON, 4);
    try {
      const stuck = idOf('s7', 'raised');
      const transport = transportOf((mail) => (mail.messageId === stuck ? later : 'take'));
      const first = await many.start(transport);
      await many.alarm(...Array.from({ length: 40 }, (_, i) => raised(`s${i}`, { sensor: i })));
      await many.until(async () => (await many.deliveries()).length === 39);
      await first.stop();
      const next = transportOf();
      await many.start(next);
      await many.done();
      expect(next.taken).toEqual([stuck]);
    } finally {
      await many.close();
    }
  });
});
