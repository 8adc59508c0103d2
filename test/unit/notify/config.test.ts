import { describe, expect, it } from 'vitest';
import { smtpSettings } from '../../../notify/channels/mail/config.ts';
import { mailerSettings } from '../../../notify/config.ts';
import { readSettings } from '../../../runtime/configuration.ts';

const read = (environment: NodeJS.ProcessEnv) => readSettings({ ...mailerSettings, ...smtpSettings }, environment);

describe('mailer settings', () => {
  it('write to the outbox for monitoring@localhost when nothing is set', () => {
    expect(read({})).toMatchObject({ smtpUrl: undefined, to: ['monitoring@localhost'], recovery: true, concurrency: 4 });
  });

  it('take several recipients and a server with a password', () => {
    const { to, smtpUrl } = read({ TOCSIN_MAIL_TO: 'a@x.example, b@y.example', TOCSIN_SMTP_URL: 'smtps://user:p%40ss@mail.example:465' });
    expect(to).toEqual(['a@x.example', 'b@y.example']);
    expect(smtpUrl).toBe('smtps://user:p%40ss@mail.example:465');
  });

  it.each([
    ['0', { mails: 0, perMs: 1_000 }],
    ['10', { mails: 10, perMs: 1_000 }],
    ['30/m', { mails: 30, perMs: 60_000 }],
    ['500/h', { mails: 500, perMs: 3_600_000 }],
  ])('take a rate of %s', (text, rate) => {
    expect(read({ TOCSIN_MAIL_RATE: text }).rate).toEqual(rate);
  });

  it.each([
    ['TOCSIN_MAIL_TO', 'a@x.example\nBcc: b@y.example'],
    ['TOCSIN_MAIL_TO', 'desk'],
    ['TOCSIN_MAIL_TO', ''.padEnd(10, ',')],
    ['TOCSIN_MAIL_FROM', 'Tocsin <a@x.example>'],
    ['TOCSIN_SMTP_URL', 'http://mail.example'],
    ['TOCSIN_SMTP_URL', 'mail.example:25'],
    ['TOCSIN_SMTP_URL', 'smtp://'],
    ['TOCSIN_MAIL_CONCURRENCY', '0'],
    ['TOCSIN_MAIL_ROUTES', 'region=Mars -> a@x.example'],
    ['TOCSIN_MAIL_RATE', '10/d'],
    ['TOCSIN_MAIL_RATE', '-1'],
  ])('refuse %s=%j and name it', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(name);
  });

  it('never show the password in what they complain of', () => {
    expect(() => read({ TOCSIN_SMTP_URL: 'ftp://user:secret@mail.example' })).not.toThrow(/secret/);
  });
});
