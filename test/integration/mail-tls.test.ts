/** TLS and log-in with a server of smtp-server: Debian's OpenSMTPD can't sign in a TLS handshake (6.8 with OpenSSL 3). */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSmtp, type SmtpOptions } from '../../notify/channels/mail/smtp.ts';
import { changeOf, mailOf, NOON } from '../support/alarms.ts';
import { openMailerRig } from '../support/mailer-rig.ts';
import { type Certificates, makeCertificates } from '../support/servers/certificates.ts';
import { type FaultySmtp, type FaultySmtpOptions, startSmtp } from '../support/smtp-server.ts';

const USER = 'desk:s3%3Acret@';
const MISCONFIGURED = { name: 'TransientError', code: 'mail-misconfigured' };

let folder: string;
let ours: Certificates;
let others: Certificates;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mail-tls-'));
  const foldersOf = await Promise.all([mkdtemp(join(folder, 'ours-')), mkdtemp(join(folder, 'others-'))]);
  [ours, others] = await Promise.all([makeCertificates(foldersOf[0], 'mail'), makeCertificates(foldersOf[1], 'mail')]);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that requires TLS, then the right password. */
async function secured({ keyFile, certificateFile }: Certificates, options: FaultySmtpOptions = {}): Promise<FaultySmtp> {
  const server = await startSmtp({
    key: await readFile(keyFile),
    cert: await readFile(certificateFile),
    disabledCommands: [],
    authOptional: false,
    onAuth: ({ username, password }, _session, callback) =>
      username === 'desk' && password === 's3:cret' ? callback(null, { user: username }) : callback(new Error('5.7.8 wrong password')),
    ...options,
  });
  closing.push(() => server.stop());
  return server;
}

function transportTo(
  { port }: { readonly port: number },
  { user = USER, scheme = 'smtp', ...options }: Partial<SmtpOptions> & { user?: string; scheme?: string } = {},
) {
  const smtpUrl = `${scheme}://${user}127.0.0.1:${port}`;
  const transport = openSmtp({ smtpTls: 'required', concurrency: 2, timeoutMs: 5_000, smtpUrl, smtpCa: ours.caFile, ...options });
  closing.push(() => transport.close());
  return transport;
}

describe.each([
  ['STARTTLS', 'smtp', false],
  ['TLS from the start', 'smtps', true],
])('a mail server with %s', (_name, scheme, secure) => {
  it('gets mails over an encrypted connection from a client that knows the password', async () => {
    const sessions: boolean[] = [];
    const server = await secured(ours, {
      secure,
      onMailFrom: (_address, session, callback) => {
        sessions.push(session.secure);
        callback();
      },
    });
    await transportTo(server, { scheme }).send(mailOf());
    expect(server.taken).toHaveLength(1);
    expect(sessions).toEqual([true]);
  });

  it('gets neither password nor mail when its certificate is not trusted', async () => {
    const server = await secured(others, { secure });
    await expect(transportTo(server, { scheme }).send(mailOf())).rejects.toMatchObject({
      ...MISCONFIGURED,
      message: expect.stringMatching(/certificate/),
    });
    await expect(transportTo(server, { scheme, smtpCa: undefined }).send(mailOf())).rejects.toMatchObject(MISCONFIGURED);
    expect(server.attempts).toBe(0);
  });

  it('refuses a wrong or missing password, and health says that a person must act', async () => {
    const server = await secured(ours, { secure });
    const wrong = transportTo(server, { scheme, user: 'desk:wrong@' });
    await expect(wrong.send(mailOf())).rejects.toMatchObject({ ...MISCONFIGURED, message: expect.stringContaining('535') });
    await expect(transportTo(server, { scheme, user: '' }).send(mailOf())).rejects.toMatchObject(MISCONFIGURED);
  });
});

describe('TLS', () => {
  it('is used on loopback as offered, whoever signed the certificate', async () => {
    const server = await secured(others);
    await transportTo(server, { smtpTls: 'auto', smtpCa: undefined }).send(mailOf());
    expect(server.taken).toHaveLength(1);
  });

  it('is not used when it is off', async () => {
    const server = await secured(ours, { authOptional: true });
    await transportTo(server, { smtpTls: 'off', user: '' }).send(mailOf());
    expect(server.taken).toHaveLength(1);
  });

  it('requires the file of the authority to exist', () => {
    expect(() => transportTo({ port: 1 }, { smtpCa: '/nowhere/ca.pem' })).toThrow(/TOCSIN_SMTP_CA: .*ENOENT/);
  });

  it('with a wrong certificate keeps all mails, reports to health, and sends them once the certificate is right', async () => {
    const rig = await openMailerRig(NOON);
    const wrong = await secured(others);
    await rig.start(transportTo(wrong));
    await rig.alarm(changeOf('raised', { id: 'a' }), changeOf('raised', { id: 'b' }));
    await rig.until(() => !rig.health.ready);
    expect(rig.health.problems().mailer).toMatch(/see the mail settings: .*certificate/);
    await wrong.stop();
    const right = await secured(ours, { port: wrong.port });
    await rig.done();
    await rig.until(() => rig.health.ready);
    expect(right.taken).toHaveLength(2);
    expect(await rig.dead()).toEqual([]);
    await rig.close();
  });
});
