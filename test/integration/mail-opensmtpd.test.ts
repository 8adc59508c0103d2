/** The mailer's SMTP adapter against OpenSMTPD, a real mail server: Debian's package `opensmtpd`, run as root on a port of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ParsedMail, simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';
import { openSmtp } from '../../notify/channels/mail/smtp.ts';
import { mailTransportContract } from '../contract/mail-transport.ts';
import { changeOf, mailOf, NOON } from '../support/alarms.ts';
import { openMailerRig } from '../support/mailer-rig.ts';

const SMTPD = '/usr/sbin/smtpd';
if (!existsSync(SMTPD)) throw new Error(`${SMTPD} is missing: apt-get install --no-install-recommends opensmtpd`);
if (process.getuid?.() !== 0) throw new Error('OpenSMTPD delivers mail as another user: run this suite as root');

const OPTIONS = { smtpTls: 'auto', concurrency: 4, timeoutMs: 10_000 } as const;

interface Mta {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The mails in the mailbox once there are enough. */
  mailbox(enough: (copies: readonly ParsedMail[]) => boolean): Promise<readonly ParsedMail[]>;
  close(): Promise<void>;
}

/** One mailbox for every address of arc.example; all others are refused at RCPT TO. */
async function openMta(): Promise<Mta> {
  const folder = await mkdtemp(join(tmpdir(), 'opensmtpd-'));
  const box = join(folder, 'box');
  const port = await freePort();
  const file = join(folder, 'smtpd.conf');
  await chmod(folder, 0o755);
  execFileSync('/usr/bin/install', ['-d', '-o', 'mail', '-m', '700', box]);
  await writeFile(
    file,
    [
      `listen on 127.0.0.1 port ${port}`,
      `action "deliver" maildir "${box}" virtual { "@arc.example" = "mail" }`,
      'match from any for domain "arc.example" action "deliver"',
      '',
    ].join('\n'),
  );
  let server: ChildProcess | undefined;
  const mta: Mta = {
    url: `smtp://127.0.0.1:${port}`,
    start: async () => {
      server = spawn(SMTPD, ['-d', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      server.stderr?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4_000);
      });
      while (!(await answers(port))) {
        if (server.exitCode !== null) throw new Error(`smtpd ended: ${said}`);
        await pause(20);
      }
    },
    stop: async () => {
      const running = server;
      server = undefined;
      if (!running || running.exitCode !== null) return;
      const gone = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGTERM');
      await gone;
      while (await answers(port)) await pause(20);
    },
    mailbox: async (enough) => {
      for (;;) {
        const names = existsSync(join(box, 'new')) ? await readdir(join(box, 'new')) : [];
        const files = await Promise.all(names.map((name) => readFile(join(box, 'new', name), 'latin1')));
        // A server that is stopped while it delivers leaves an empty or truncated file, and delivers the mail again later.
        const whole = files.filter((text) => text.trimEnd().endsWith('--'));
        const copies = await Promise.all(whole.map((text) => simpleParser(Buffer.from(text, 'latin1'))));
        if (enough(copies) && queueIsEmpty()) return copies;
        await pause(100);
      }
    },
    close: async () => {
      // Its queue outlives it: mails still in it would turn up in the next mailbox.
      for (let i = 0; server && i < 100 && !queueIsEmpty(); i += 1) await pause(50);
      await mta.stop();
      await rm(folder, { recursive: true });
    },
  };
  await mta.start();
  return mta;
}

/** Resolves once the server has delivered everything it accepted. */
const queueIsEmpty = (): boolean => execFileSync('/usr/sbin/smtpctl', ['show', 'queue']).length === 0;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/** Both recipients of a mail share the mailbox, so every mail is there twice. */
const RECIPIENTS = 2;

describe('smtp to OpenSMTPD, as every transport', () => {
  mailTransportContract(async () => {
    const mta = await openMta();
    const transport = openSmtp({ ...OPTIONS, smtpUrl: mta.url });
    let sent = 0;
    return {
      transport: {
        send: async (mail) => {
          const handover = await transport.send(mail);
          sent += 1;
          return handover;
        },
        close: () => transport.close(),
      },
      arrived: async () => {
        const copies = await mta.mailbox(({ length }) => length >= sent * RECIPIENTS);
        expect(copies).toHaveLength(sent * RECIPIENTS);
        const seen = new Map<string, number>();
        return copies.filter(({ messageId = '' }) => {
          seen.set(messageId, (seen.get(messageId) ?? 0) + 1);
          return (seen.get(messageId) ?? 0) % RECIPIENTS === 0;
        });
      },
      fail: () => mta.stop(),
      mend: () => mta.start(),
      close: async () => {
        await transport.close();
        await mta.close();
      },
    };
  });
});

describe('OpenSMTPD', () => {
  it('tells a refused recipient from a refused mail', async () => {
    const mta = await openMta();
    const transport = openSmtp({ ...OPTIONS, smtpUrl: mta.url });
    try {
      const partly = await transport.send({ ...mailOf('partly'), to: ['desk@arc.example', 'desk@elsewhere.example'] });
      expect(partly).toMatchObject({
        refused: [{ recipient: 'desk@elsewhere.example', permanent: true, reply: expect.stringContaining('550') }],
        reply: expect.stringContaining('refused for desk@elsewhere.example: 550'),
      });
      const wholly = transport.send({ ...mailOf('wholly'), to: ['desk@elsewhere.example'] });
      await expect(wholly).rejects.toMatchObject({ code: 'mail-rejected', message: expect.stringContaining('550') });
      const [arrived, ...others] = await mta.mailbox(({ length }) => length >= 1);
      expect(arrived?.messageId).toBe(mailOf('partly').messageId);
      expect(others).toEqual([]);
    } finally {
      await transport.close();
      await mta.close();
    }
  });

  it('loses and doubles nothing when the server is restarted under load', async () => {
    const mta = await openMta();
    const rig = await openMailerRig(NOON);
    const transport = openSmtp({ ...OPTIONS, smtpUrl: mta.url });
    try {
      await rig.start(transport, { settings: { TOCSIN_MAIL_TO: 'desk@arc.example' } });
      const names = Array.from({ length: 300 }, (_, i) => `alarm-${i}`);
      await rig.alarm(...names.map((id) => changeOf('raised', { id })));
      await rig.until(async () => (await rig.deliveries()).length > 20);
      await mta.stop();
      await mta.start();
      await rig.done();
      const copies = await mta.mailbox((found) => new Set(found.map(({ messageId }) => messageId)).size >= names.length);
      expect(new Set(copies.map(({ messageId }) => messageId))).toEqual(new Set(names.map((id) => `<${id}.raised@localhost>`)));
      // Two copies of one hand-over are the server's own repetition. Only a mail whose reply was cut off by the restart is handed over twice:
      // one of the mails under way at that moment.
      const handovers = new Set(copies.map(({ headers }) => String(headers.get('received'))));
      expect(handovers.size).toBeGreaterThanOrEqual(names.length);
      expect(handovers.size).toBeLessThanOrEqual(names.length + OPTIONS.concurrency);
      expect(await rig.deliveries()).toHaveLength(names.length);
      expect(await rig.dead()).toEqual([]);
    } finally {
      await rig.close();
      await transport.close();
      await mta.close();
    }
  });
});
