/** Alarms in the log, the mailer, and a real SMTP server that misbehaves: what the recipient gets and the ledger says. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSmtp } from '../../notify/channels/mail/smtp.ts';
import { changeOf, NOON } from '../support/alarms.ts';
import { type MailerRig, openMailerRig } from '../support/mailer-rig.ts';
import { type FaultySmtp, startSmtp } from '../support/smtp-server.ts';

let rig: MailerRig;
let server: FaultySmtp;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  rig = await openMailerRig(NOON);
  server = await startSmtp();
});
afterEach(async () => {
  await rig.close();
  for (const close of closing.splice(0)) await close();
  await server.stop();
});

async function startOnSmtp(smtpUrl = server.url) {
  const transport = openSmtp({ smtpUrl, smtpTls: 'auto', concurrency: 4, timeoutMs: 1_000 });
  closing.push(() => transport.close());
  return rig.start(transport);
}

const raised = (id: string) => changeOf('raised', { id });
const idOf = (id: string, event = 'raised') => `<${id}.${event}@localhost>`;
const taken = () => server.taken.map(({ messageId }) => messageId ?? '');
const outcomes = async () => (await rig.deliveries()).map(({ alarm, outcome, attempts }) => ({ alarm, outcome, attempts }));

describe('mails over SMTP', () => {
  it('stand in the ledger with the name by which the server keeps them', async () => {
    await startOnSmtp();
    await rig.alarm(raised('a'), changeOf('cleared', { id: 'a' }));
    await rig.done();
    expect(taken()).toEqual([idOf('a'), idOf('a', 'cleared')]);
    expect(server.taken[1]?.inReplyTo).toBe(idOf('a'));
    expect((await rig.deliveries()).map(({ reply }) => reply)).toEqual(['250 queued as 1', '250 queued as 2']);
  });

  it('451, then 250: arrive once', async () => {
    server.script({ code: 451 }, { code: 451 });
    await startOnSmtp();
    await rig.alarm(raised('a'));
    await rig.done();
    expect(taken()).toEqual([idOf('a')]);
    expect(await outcomes()).toEqual([{ alarm: 'a', outcome: 'sent', attempts: 3 }]);
  });

  it('550: parked with the reply, and the next one goes', async () => {
    server.script({ code: 550, text: 'not wanted' });
    await startOnSmtp();
    await rig.alarm(raised('a'));
    await rig.until(async () => (await rig.dead()).length === 1);
    await rig.alarm(raised('b'));
    await rig.done();
    expect(taken()).toEqual([idOf('b')]);
    expect((await rig.dead())[0]?.reason).toMatch(/^550: the mailbox is not available/);
    expect((await outcomes()).map(({ outcome }) => outcome)).toEqual(['parked', 'sent']);
  });

  it('connection dropped in the middle of DATA: arrive once', async () => {
    server.script('drop-in-data');
    await startOnSmtp();
    await rig.alarm(raised('a'));
    await rig.done();
    expect(taken()).toEqual([idOf('a')]);
  });

  it('reply lost after DATA: arrive twice, under one id (the documented window), and are once in the ledger', async () => {
    server.script('lose-reply');
    await startOnSmtp();
    await rig.alarm(raised('a'));
    await rig.done();
    expect(taken()).toEqual([idOf('a'), idOf('a')]);
    expect(await outcomes()).toEqual([{ alarm: 'a', outcome: 'sent', attempts: 2 }]);
  });

  it('a server that never answers one mail: the others go, and so does that one in the end', async () => {
    server.script('never-answer');
    await startOnSmtp();
    await rig.alarm(raised('a'), raised('b'), raised('c'));
    await rig.done();
    expect(taken().sort()).toEqual([idOf('a'), idOf('b'), idOf('c')]);
  });

  it('server down, then back: all arrive once, within seconds', async () => {
    await server.stop();
    await startOnSmtp();
    const names = Array.from({ length: 50 }, (_, i) => `m${i}`);
    await rig.alarm(...names.map(raised));
    await rig.until(async () => (await rig.metric('tocsin_mails_deferred_total')) > 5);
    server = await startSmtp({ port: server.port });
    await rig.done();
    expect(taken().sort()).toEqual(names.map((name) => idOf(name)).sort());
    expect(await rig.dead()).toEqual([]);
  });

  it('wrong password: nothing is parked, health says that a person must act, and all arrive once it is corrected', async () => {
    const { port } = server;
    await server.stop();
    let password = 'new';
    server = await startSmtp({
      port,
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (auth, _session, callback) =>
        auth.password === password ? callback(null, { user: 'desk' }) : callback(new Error('5.7.8 wrong password')),
    });
    await startOnSmtp(`smtp://desk:old@127.0.0.1:${port}`);
    await rig.alarm(raised('a'), raised('b'));
    await rig.until(() => !rig.health.ready);
    expect(rig.health.problems().mailer).toContain('535');
    expect(JSON.stringify(rig.lines)).not.toContain('desk:old');
    password = 'old';
    await rig.done();
    expect(await rig.dead()).toEqual([]);
    expect(taken().sort()).toEqual([idOf('a'), idOf('b')]);
    await rig.until(() => rig.health.ready);
  });

  it('killed between the reply and the ledger: arrive twice under one id, and never a third time', async () => {
    const transport = openSmtp({ smtpUrl: server.url, smtpTls: 'auto', concurrency: 4, timeoutMs: 1_000 });
    closing.push(() => transport.close());
    await rig.alarm(raised('a'), raised('b'));
    const first = await rig.start(transport, { crash: 'before DELIVERY' });
    await rig.crashed();
    await first.stop();
    await startOnSmtp();
    await rig.done();
    const copies = (id: string) => taken().filter((one) => one === idOf(id)).length;
    // The mail whose reply was read but not recorded comes twice; the other one at most twice, if it was under way.
    expect([copies('a'), copies('b')]).toContain(2);
    for (const id of ['a', 'b']) expect([1, 2]).toContain(copies(id));
    expect(await rig.deliveries()).toHaveLength(2);
  });
});
