import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import { describe, expect, it } from 'vitest';
import type { MailedEvent } from '../../../../../records/delivery.ts';
import { BUILT_IN_TYPES } from '../../../../../alarm/alarm-type.ts';
import type { Client } from '../../../../../directory/port.ts';
import { composeCompletion, composeMail, type Holder } from '../../../../../notify/channels/mail/compose.ts';
import { messageOf } from '../../../../../notify/channels/mail/message.ts';
import { changeOf, clientOf } from '../../../../support/alarms.ts';
import { anyText } from '../../../../support/any-text.ts';

const FRAME = { from: 'tocsin@arc.example', to: ['desk@arc.example', 'night@arc.example'], consoleUrl: undefined, types: BUILT_IN_TYPES };
const raised = changeOf('raised');
const cleared = changeOf('cleared');

/** As the recipient's program reads it. */
async function received(event: MailedEvent, holder: Holder, frame: { consoleUrl: string | undefined } = FRAME) {
  const mail = composeMail(event === 'raised' ? raised : cleared, holder, { ...FRAME, ...frame });
  return simpleParser(await new MailComposer(messageOf(mail)).compile().build());
}

describe('the mail of a raised alarm', () => {
  it('says severity, type, place and sensor in its subject', async () => {
    expect((await received('raised', clientOf())).subject).toBe('CRITICAL smoke alarm — Leeds, GB — sensor 42959');
  });

  it('carries all 19 columns of the client, and where it is, in text and in HTML', async () => {
    const { text, html } = await received('raised', clientOf());
    const decoded = String(html)
      .replace(/<[^>]*>/g, '\n')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');
    for (const value of Object.values(clientOf())) {
      expect(text).toContain(String(value));
      expect(decoded).toContain(String(value));
    }
    expect(text).toContain('geo:53.7974,-1.5438');
  });

  it('carries all that is known of a client without a place, and says that the place is not known', async () => {
    const nowhere = clientOf({ latitude: Number.NaN, longitude: Number.NaN, geohash: '', region: '' });
    const { text, subject } = await received('raised', nowhere);
    const { latitude: _, longitude: __, ...person } = nowhere;
    for (const value of Object.values(person)) expect(text).toContain(String(value));
    expect(subject).toContain('Leeds, GB');
    expect(text).toContain('Place: not known');
    expect(text).toContain('Latitude: not known');
    expect(text).not.toMatch(/NaN|geo:|NO CLIENT/);
    expect((await received('raised', { ...nowhere, latitude: 0, longitude: 0 })).text).not.toContain('geo:');
  });

  it('says that the place is unknown where the client has neither a city nor a country', async () => {
    expect((await received('raised', clientOf({ city: '', country: '' }))).subject).toContain('— place unknown —');
    expect((await received('raised', clientOf({ city: '' }))).subject).toContain('— GB —');
  });

  it('shows the readings that made it with their times and places in the log', async () => {
    const { text } = await received('raised', clientOf());
    for (const { at, offset } of raised.alarm.evidence) {
      expect(text).toContain(new Date(at).toISOString());
      expect(text).toContain(`(ENTRY/0@${offset})`);
    }
  });

  it('has the headers of the contract, the time of the event, and an id of its own', async () => {
    const { headers, date, messageId, to } = await received('raised', clientOf());
    expect(headers.get('x-tocsin-alarm')).toBe(raised.alarm.id);
    expect(headers.get('x-tocsin-event')).toBe('raised');
    expect(headers.get('auto-submitted')).toBe('auto-generated');
    expect(headers.has('in-reply-to')).toBe(false);
    expect(date?.toISOString()).toBe('2026-11-24T13:32:50.000Z');
    expect(messageId).toBe('<a42959-smoke-17.raised@arc.example>');
    expect([to].flat().map((list) => list?.text)).toEqual(['desk@arc.example, night@arc.example']);
  });

  it('links to the console only when there is one', async () => {
    const linked = await received('raised', clientOf(), { consoleUrl: 'https://console.example' });
    expect(linked.html).toContain('href="https://console.example/#/alarms/a42959-smoke-17"');
    expect((await received('raised', clientOf())).html).not.toContain('http');
  });

  it('goes out without its client, and says so first', async () => {
    const unknown = await received('raised', 'unknown');
    expect(unknown.subject).toBe('CRITICAL smoke alarm — client unknown — sensor 42959');
    expect(unknown.text).toContain('NO CLIENT IS KNOWN');
    expect(unknown.text?.indexOf('NO CLIENT IS KNOWN')).toBeLessThan(unknown.text?.indexOf('Severity') ?? 0);
    const unavailable = await received('raised', 'unavailable');
    expect(unavailable.html).toContain('COULD NOT BE LOOKED UP');
    expect(unavailable.text).toContain('42959');
  });
});

describe('the mail of a cleared alarm', () => {
  it('answers the mail that raised it', async () => {
    const { subject, inReplyTo, references, messageId, text } = await received('cleared', clientOf());
    expect(subject).toBe('CLEARED CRITICAL smoke alarm — Leeds, GB — sensor 42959');
    expect(messageId).toBe('<a42959-smoke-17.cleared@arc.example>');
    expect(inReplyTo).toBe('<a42959-smoke-17.raised@arc.example>');
    expect([references].flat()).toEqual(['<a42959-smoke-17.raised@arc.example>']);
    expect(text).toContain('Cleared: 2026-11-24T13:37:50.123Z');
    expect(text).toContain('State: CLEARED\n');
    expect((await received('raised', clientOf())).text).toContain('State: ACTIVE\n');
  });

  it('says when, also where only the event says so', () => {
    const { clearedAt: _, ...alarm } = cleared.alarm;
    expect(composeMail({ ...cleared, alarm }, clientOf(), FRAME).text).toContain('Cleared: 2026-11-24T13:37:50.123Z');
  });
});

describe('the mail that completes another', () => {
  it('answers it, tells the client, and is not counted as the mail of an event', async () => {
    const mail = composeCompletion(raised, clientOf(), FRAME);
    const { subject, headers, inReplyTo, messageId, text } = await simpleParser(await new MailComposer(messageOf(mail)).compile().build());
    expect(subject).toBe('CRITICAL smoke alarm — Leeds, GB — sensor 42959');
    expect(messageId).toBe('<a42959-smoke-17.completed@arc.example>');
    expect(inReplyTo).toBe('<a42959-smoke-17.raised@arc.example>');
    expect(headers.get('x-tocsin-alarm')).toBe(raised.alarm.id);
    expect(headers.get('x-tocsin-completes')).toBe('raised');
    expect(headers.has('x-tocsin-event')).toBe(false);
    expect(text).toContain('NOW WITH THE CLIENT');
    expect(text).toContain('28 Stroude Road');
  });
});

const nasty = fc.oneof(
  anyText(80),
  fc.constantFrom(
    'x\r\nBcc: thief@example.net',
    'x\n\n<script>alert(1)</script>',
    '=?utf-8?Q?=0D=0ABcc:_thief@example.net?=',
    '"><img src=x onerror=alert(1)>',
    '</td></table><h1>ALL CLEAR</h1>',
    '\u2028X-Tocsin-Event: cleared',
    '\u202eevil',
    '\ud800',
    '&lt;b&gt;',
    '-- \r\n.\r\nQUIT',
  ),
);
const HEADERS = [
  'auto-submitted',
  'content-type',
  'date',
  'from',
  'message-id',
  'mime-version',
  'subject',
  'to',
  'x-tocsin-alarm',
  'x-tocsin-event',
];
const TAGS = new Set(['html', 'head', 'meta', 'title', 'body', 'h1', 'h2', 'p', 'strong', 'table', 'tr', 'th', 'td', 'a']);

describe('whatever a client or a sensor is called', () => {
  it('adds no header, no recipient, no part and no tag', async () => {
    const fields = ['name', 'surname', 'streetaddress', 'city', 'country', 'company', 'emailaddress', 'region', 'geohash'] as const;
    const record: fc.Arbitrary<Partial<Client>> = fc
      .tuple(...fields.map(() => nasty))
      .map((values) => Object.fromEntries(fields.map((field, i) => [field, values[i]])));
    const usual = composeMail(raised, clientOf(), FRAME);
    const [rows, lines] = [usual.html.match(/<tr>/g)?.length, usual.text.split('\n').length];
    await fc.assert(
      fc.asyncProperty(record, nasty, async (fieldsOfClient, reading) => {
        const evidence = raised.alarm.evidence.map((one) => ({ ...one, value: reading }));
        const change = { ...raised, alarm: { ...raised.alarm, evidence } };
        const composed = composeMail(change, clientOf(fieldsOfClient), FRAME);
        const mail = await simpleParser(await new MailComposer(messageOf(composed)).compile().build());
        expect([...mail.headers.keys()].sort()).toEqual(HEADERS);
        expect([mail.to].flat().map((list) => list?.text)).toEqual(['desk@arc.example, night@arc.example']);
        expect(mail.headers.get('x-tocsin-event')).toBe('raised');
        expect(mail.attachments).toEqual([]);
        expect(composed.subject).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
        const tags = [...composed.html.matchAll(/<\/?([a-z0-9!]+)/gi)].map((match) => (match[1] ?? '').toLowerCase());
        expect(tags.filter((tag) => !TAGS.has(tag) && tag !== '!doctype')).toEqual([]);
        expect(composed.html.match(/<tr>/g)?.length).toBe(rows);
        expect(composed.text.split('\n').length).toBe(lines);
      }),
      { numRuns: 150 },
    );
  });

  it('shows 60 characters of a place and 500 of any other value, and that it goes on', () => {
    const shown = (city: string, name: string) => composeMail(raised, clientOf({ city, name }), FRAME);
    const whole = shown('c'.repeat(60), 'n'.repeat(500));
    expect(whole.subject).toContain(` ${'c'.repeat(60)}, GB `);
    expect(whole.text).toContain(`Name: ${'n'.repeat(500)}\n`);
    const cut = shown('c'.repeat(61), 'n'.repeat(501));
    expect(cut.subject).toContain(` ${'c'.repeat(59)}…, GB `);
    expect(cut.text).toContain(`Name: ${'n'.repeat(499)}…\n`);
  });

  it('keeps a subject short and an alarm id inside its header', () => {
    const change = { ...raised, alarm: { ...raised.alarm, id: 'x\r\nBcc: a@b>' } };
    const mail = composeMail(change, clientOf({ city: 'Llan'.repeat(100), country: '🙂'.repeat(500) }), FRAME);
    expect(mail.subject.length).toBeLessThan(260);
    expect(mail.messageId).toMatch(/^<[\x21-\x7e]+@arc\.example>$/);
    expect(mail.headers['X-Tocsin-Alarm']).toBe('x=d=aBcc=3a=20a=40b=3e');
  });

  it('arrives as it is written, in any script', async () => {
    const mail = await received('raised', clientOf({ city: 'Αθήνα', country: '日本', name: 'Zoë 🙂' }));
    expect(mail.subject).toContain('Αθήνα, 日本');
    expect(mail.text).toContain('Zoë 🙂');
  });
});
