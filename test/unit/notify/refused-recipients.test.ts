import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Mail, MailTransport } from '../../../notify/channels/mail/port.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { changeOf, clientOf, NOON } from '../../support/alarms.ts';
import { type MailerRig, openMailerRig } from '../../support/mailer-rig.ts';

let rig: MailerRig;
beforeEach(async () => {
  rig = await openMailerRig(NOON + 1_000);
});
afterEach(() => rig.close());

/** A server that answers each recipient as the test says, and keeps what each of them got. */
function mailboxes(answer: (recipient: string) => number) {
  const got: Record<string, string[]> = {};
  const transport: MailTransport = {
    send: async (mail: Mail) => {
      const codes = (mail.only ?? mail.to).map((recipient) => ({ recipient, code: answer(recipient) }));
      const refused = codes
        .filter(({ code }) => code >= 400)
        .map(({ recipient, code }) => ({ recipient, reply: `${code} no`, permanent: code >= 500 }));
      if (refused.length === codes.length) {
        const allPermanent = refused.every(({ permanent }) => permanent);
        throw allPermanent ? new PermanentError('mail-rejected', '550 no') : new TransientError('mail-deferred', '452 no');
      }
      for (const { recipient, code } of codes) if (code < 400) got[recipient] = [...(got[recipient] ?? []), mail.messageId];
      return refused.length === 0 ? { reply: '250 OK' } : { reply: '250 OK; refused for some', refused };
    },
    close: async () => undefined,
  };
  return { transport, got };
}

const raised = (id: string, more: object = {}) => changeOf('raised', { id, ...more });
const idOf = (id: string) => `<${id}.raised@localhost>`;
const settings = { TOCSIN_MAIL_TO: 'desk@x.example,night@x.example' };
const limits = { recipientDelaysMs: [5, 5, 5] };

describe('a recipient that the server refuses while it takes the mail for others', () => {
  it('permanently: is parked with its reason, logged once, and does not affect the others', async () => {
    const { transport, got } = mailboxes((recipient) => (recipient.startsWith('night') ? 550 : 250));
    const mailer = await rig.start(transport, { settings, limits });
    await rig.alarm(raised('a'), raised('b'));
    await rig.done();
    expect(got).toEqual({ 'desk@x.example': [idOf('a'), idOf('b')] });
    const dead = await rig.dead();
    expect(dead.map(({ offset, reason, by }) => [offset, reason, by]).sort()).toEqual([
      [0, 'the others got it; refused for night@x.example: 550 no', 'mailer'],
      [1, 'the others got it; refused for night@x.example: 550 no', 'mailer'],
    ]);
    expect((await rig.deliveries()).map(({ outcome }) => outcome)).toEqual(['sent', 'sent']);
    expect(rig.health.problems()).toEqual({
      'mail recipients': 'the mail server refuses 1 of the recipients (550 no); the log and DEAD say whom',
    });
    expect(rig.lines.filter(({ msg }) => msg === 'the mail server refuses a recipient')).toHaveLength(1);
    expect(await rig.metric('tocsin_mail_recipients_parked_total')).toBe(2);
    await mailer.stop();
  });

  it('for now: gets the mail later, alone, and health is well again', async () => {
    let full = true;
    const { transport, got } = mailboxes((recipient) => (recipient.startsWith('night') && full ? 452 : 250));
    await rig.start(transport, { settings, limits: { recipientDelaysMs: Array.from({ length: 500 }, () => 5) } });
    await rig.alarm(raised('a'));
    await rig.until(() => !rig.health.ready);
    expect(rig.health.problems()).toEqual({ 'mail recipients': expect.stringContaining('refuses 1 of the recipients (452 no)') });
    full = false;
    await rig.until(() => rig.health.ready);
    expect(got).toEqual({ 'desk@x.example': [idOf('a')], 'night@x.example': [idOf('a')] });
    await rig.until(async () => (await rig.deliveries()).length === 2);
    expect((await rig.deliveries()).map(({ outcome, reply }) => [outcome, reply])).toContainEqual(['sent', 'night@x.example: 250 OK']);
    expect(await rig.dead()).toEqual([]);
  });

  it('for longer than it is tried: is parked', async () => {
    const { transport, got } = mailboxes((recipient) => (recipient.startsWith('night') ? 452 : 250));
    await rig.start(transport, { settings, limits });
    await rig.alarm(raised('a'));
    await rig.until(async () => (await rig.dead()).length === 1);
    expect((await rig.dead())[0]?.reason).toContain('refused for night@x.example: 452 no');
    expect(got).toEqual({ 'desk@x.example': [idOf('a')] });
    expect(await rig.metric('tocsin_mail_recipients_refused_total')).toBe(4);
  });

  it('and waits when the mailer stops: is parked, and the next start mails nobody again', async () => {
    const { transport } = mailboxes((recipient) => (recipient.startsWith('night') ? 452 : 250));
    const first = await rig.start(transport, { settings });
    await rig.alarm(raised('a'));
    await rig.done();
    await first.stop();
    expect(await rig.dead()).toHaveLength(1);
    const next = mailboxes(() => 250);
    await rig.start(next.transport, { settings });
    await rig.alarm(raised('b'));
    await rig.done();
    expect(next.got).toEqual({ 'desk@x.example': [idOf('b')], 'night@x.example': [idOf('b')] });
  });
});

describe('routes', () => {
  it('choose the recipients of each mail by its alarm and its client', async () => {
    const { transport, got } = mailboxes(() => 250);
    rig.clients.set(2, clientOf({ id: 2, region: 'Asia' }));
    await rig.start(transport, {
      settings: {
        TOCSIN_MAIL_TO: 'desk@x.example',
        TOCSIN_MAIL_ROUTES: 'region=UK -> uk@x.example | region=Asia;severity=major -> asia@x.example',
      },
    });
    await rig.alarm(
      raised('uk'),
      raised('asia', { sensor: 2, severity: 'MAJOR' }),
      raised('none', { sensor: 2 }),
      raised('unknown', { sensor: 3 }),
    );
    await rig.done();
    expect(got).toEqual({
      'uk@x.example': [idOf('uk')],
      'asia@x.example': [idOf('asia')],
      'desk@x.example': expect.arrayContaining([idOf('none'), idOf('unknown')]),
    });
  });
});
