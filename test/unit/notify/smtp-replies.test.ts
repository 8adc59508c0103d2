import { describe, expect, it } from 'vitest';
import { faultOf, handoverOf } from '../../../notify/channels/mail/smtp-replies.ts';

interface Fault {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly originalCode?: unknown;
}
const faultWith = (parts: Fault) => faultOf(Object.assign(new Error('what went wrong'), parts));
const reply = (responseCode: number) => ({ responseCode, response: `${responseCode} no` });

describe('a mail that is not taken', () => {
  it.each<[string, Fault]>([
    ['its recipients are refused', { code: 'EENVELOPE', command: 'RCPT TO', ...reply(550) }],
    ['its content is refused before it is sent', { code: 'EENVELOPE', command: 'DATA', ...reply(554) }],
    ['its content is refused', { code: 'EMESSAGE', command: 'DATA', ...reply(500) }],
    ['it is too large, by the size that is told with the sender', { code: 'EENVELOPE', command: 'MAIL FROM', ...reply(552) }],
    ['it is larger than the server has said it takes', { code: 'EMESSAGE', command: 'MAIL FROM' }],
  ])('is given up where %s', (_, fault) => {
    expect(faultWith(fault)).toMatchObject({ name: 'PermanentError', code: 'mail-rejected' });
  });

  it.each<[string, Fault]>([
    ['its recipients are put off', { code: 'EENVELOPE', command: 'RCPT TO', ...reply(450) }],
    ['its content is put off', { code: 'EMESSAGE', command: 'DATA', ...reply(451) }],
    ['the greeting says to come later', { code: 'EPROTOCOL', command: 'CONN', ...reply(421) }],
    ['the log-in says to come later', { code: 'EAUTH', command: 'AUTH PLAIN', ...reply(454) }],
    ['the log-in says to come later, at the least', { code: 'EAUTH', ...reply(400) }],
    ['the log-in says to come later, at the most', { code: 'EAUTH', ...reply(499) }],
    ['nobody answers', { code: 'ECONNECTION', command: 'CONN' }],
    ['nobody knows where', { code: 'EDNS', originalCode: 'ENOTFOUND' }],
    ['it is silent', { code: 'ETIMEDOUT', originalCode: 7 }],
    ['nothing is known of it', {}],
  ])('is tried again where %s', (_, fault) => {
    expect(faultWith(fault)).toMatchObject({ name: 'TransientError', code: 'mail-deferred' });
  });

  it.each<[string, Fault]>([
    ['the sender is refused', { code: 'EENVELOPE', command: 'MAIL FROM', ...reply(550) }],
    ['the greeting refuses it', { code: 'EPROTOCOL', command: 'CONN', ...reply(554) }],
    ['the least of refusals comes before it', { code: 'EPROTOCOL', ...reply(500) }],
    ['the log-in is refused', { code: 'EAUTH', command: 'AUTH PLAIN', ...reply(535) }],
    ['the log-in fails without a reply', { code: 'EAUTH' }],
    ['there is no log-in that both know', { code: 'ENOAUTH' }],
    ['there is no TLS', { code: 'ETLS' }],
    ['the certificate is not trusted', { code: 'ESOCKET', originalCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' }],
    ['the certificate is of another name', { code: 'ESOCKET', originalCode: 'ERR_TLS_CERT_ALTNAME_INVALID' }],
    ...[503, 530, 534, 535, 538].flatMap((code): [string, Fault][] => [
      [`a log-in is asked for with ${code} behind the recipient`, { code: 'EENVELOPE', command: 'RCPT TO', ...reply(code) }],
      [`a log-in is asked for with ${code} behind the content`, { code: 'EMESSAGE', command: 'DATA', ...reply(code) }],
    ]),
  ])('is tried again, and a person called, where %s', (_, fault) => {
    expect(faultWith(fault)).toMatchObject({ name: 'TransientError', code: 'mail-misconfigured' });
  });

  it('says in our words what the reply means, and none of the server, which may name a client', () => {
    const refused = (response: string) => faultWith({ code: 'EMESSAGE', responseCode: Number.parseInt(response, 10), response }).message;
    expect(refused('550 5.1.1 <quirinia@x.example>: Recipient address rejected')).toBe('550 5.1.1: there is no such mailbox');
    expect(refused('552-5.2.2 The mailbox of quirinia is full\n552 5.2.2 see help')).toBe('552 5.2.2: the mailbox is full');
    expect(refused('554 quirinia is no customer')).toBe('554: the server does not take it');
    expect(refused('599 quirinia')).toBe('599');
    expect(faultWith({ code: 'EMESSAGE', command: 'MAIL FROM' }).message).toBe('the mail was refused (EMESSAGE)');
    expect(faultWith({ code: 'ECONNECTION' }).message).toBe('the connection failed (ECONNECTION)');
    expect(faultWith({ code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED' }).message).toBe(
      'the certificate has expired (CERT_HAS_EXPIRED, ESOCKET)',
    );
  });
});

describe('a mail that is taken', () => {
  it('has the code of the reply, and the name by which the server keeps it', () => {
    expect(handoverOf('250 queued', [])).toEqual({ reply: '250' });
    expect(handoverOf('250 2.0.0 Ok: queued as 9F2C34A1', [])).toEqual({ reply: '250 2.0.0 queued as 9F2C34A1' });
    expect(handoverOf('250 OK id=1tH5Yp-0004Xy-2B', [])).toEqual({ reply: '250 queued as 1tH5Yp-0004Xy-2B' });
    expect(handoverOf(`250 ${'1'.repeat(2_000)}`, []).reply).toHaveLength(500);
  });

  it('has no words of the server, who may name a client', () => {
    expect(handoverOf('250 2.1.5 quirinia <quirinia7@x.example> ok, quirinia7@x.example', [])).toEqual({ reply: '250 2.1.5' });
  });

  it('names those who were refused, and whether it is of use to try them again', () => {
    const refusals = [
      { recipient: 'a@x.example', ...reply(550) },
      { recipient: 'b@x.example', ...reply(500) },
      { recipient: 'c@x.example', ...reply(499) },
      { recipient: 'd@x.example', ...reply(530) },
      { recipient: 'e@x.example' },
    ];
    const { reply: said, refused } = handoverOf('250 queued', refusals);
    expect(refused?.map(({ recipient, permanent }) => [recipient.charAt(0), permanent])).toEqual([
      ['a', true],
      ['b', true],
      ['c', false],
      ['d', false],
      ['e', false],
    ]);
    expect(said).toBe(
      '250; refused for a@x.example: 550: the mailbox is not available, or the server does not permit it; b@x.example: 500; ' +
        'c@x.example: 499; d@x.example: 530: the server wants a log-in or TLS; e@x.example: no reason',
    );
  });

  it('does not hand on replies without end', () => {
    const refusals = Array.from({ length: 99 }, (_, i) => ({ recipient: `a${i}@x.example`, responseCode: 550, response: '550 no' }));
    expect(handoverOf('250', refusals).reply).toHaveLength(500);
  });
});
