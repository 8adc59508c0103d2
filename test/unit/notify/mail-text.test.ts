import { describe, expect, it } from 'vitest';
import type { AlarmType } from '../../../alarm/alarm-type.ts';
import { composeCompletion, composeMail, messageIdOf } from '../../../notify/channels/mail/compose.ts';
import { escapeHtml, oneLine } from '../../../notify/channels/mail/text.ts';
import { SEVEN_TYPES } from '../../support/alarm-types.ts';
import { changeOf, clientOf, NOON } from '../../support/alarms.ts';

const FRAME = { from: 'tocsin@arc.example', to: ['desk@arc.example'], consoleUrl: 'https://console.example', types: SEVEN_TYPES };
const READING = '{"id":42959,"motion":false,"smoke":true,"temperature":25.5,"maxTemperature":30.0}';
const READINGS = `Readings that raised it (oldest first, times UTC)
  2026-11-24T13:30:50.123Z: ${READING}  (ENTRY/0@3)
  2026-11-24T13:31:50.123Z: ${READING}  (ENTRY/0@9)
  2026-11-24T13:32:50.123Z: ${READING}  (ENTRY/0@17)
`;

describe('a mail, letter for letter', () => {
  it('of a raised alarm whose client is known', () => {
    expect(composeMail(changeOf('raised'), clientOf(), FRAME)).toMatchObject({
      messageId: '<a42959-smoke-17.raised@arc.example>',
      from: 'tocsin@arc.example',
      to: ['desk@arc.example'],
      subject: 'CRITICAL smoke alarm — Leeds, GB — sensor 42959',
      headers: { 'X-Tocsin-Alarm': 'a42959-smoke-17', 'X-Tocsin-Event': 'raised', 'Auto-Submitted': 'auto-generated' },
      date: new Date(NOON),
      text: `CRITICAL smoke alarm

Alarm
  State: ACTIVE
  Type: smoke
  Severity: CRITICAL
  Sensor: 42959
  Raised: 2026-11-24T13:32:50.123Z
  Alarm: a42959-smoke-17
  Region: UK
  Geohash: gcwfhf0kz
  Map: geo:53.7974,-1.5438
  Console: https://console.example/#/alarms/a42959-smoke-17

Client
  Id: 42959
  Name: Ann
  Surname: Ahmed-Çelik
  Gender: female
  National id: QQ123456C
  Birthday: 6/3/1967
  Street address: 28 Stroude Road
  City: Leeds
  Zip code: LS1 4DT
  Country: GB
  Telephone country code: 44
  Telephone number: 079 3411 9055
  Latitude: 53.7974
  Longitude: -1.5438
  E-mail address: ann@example.org
  Title: Ms.
  Occupation: Purser
  Company: Sounds & Co <Ltd>
  User name: Hosione

${READINGS}`,
    });
  });

  it('of a cleared alarm whose client could not be looked up', () => {
    const { subject, text, html } = composeMail(changeOf('cleared'), 'unavailable', { ...FRAME, consoleUrl: undefined });
    expect(subject).toBe('CLEARED CRITICAL smoke alarm — client unavailable — sensor 42959');
    expect(text).toBe(`CLEARED CRITICAL smoke alarm

!! THE CLIENT COULD NOT BE LOOKED UP: the directory is out of reach. This mail says all that is known.

Alarm
  State: CLEARED
  Type: smoke
  Severity: CRITICAL
  Sensor: 42959
  Raised: 2026-11-24T13:32:50.123Z
  Cleared: 2026-11-24T13:37:50.123Z
  Alarm: a42959-smoke-17

${READINGS}`);
    expect(html).toContain('<strong>THE CLIENT COULD NOT BE LOOKED UP: the directory is out of reach.');
  });

  it('of a cleared alarm that does not say when it cleared has the time of the event', () => {
    const { at, cause, event, alarm } = changeOf('cleared');
    const { clearedAt: _, ...rest } = alarm;
    expect(composeMail({ at, cause, event, alarm: rest }, 'unknown', FRAME).text).toContain('  Cleared: 2026-11-24T13:37:50.123Z\n');
  });

  it('with its client after all', () => {
    const { text, headers } = composeCompletion(changeOf('raised'), clientOf(), FRAME);
    expect(text).toMatch(/^CRITICAL smoke alarm\n\n!! NOW WITH THE CLIENT\. .*\n\nAlarm\n {2}State: ACTIVE\n/);
    expect(headers).toEqual({
      ...{ 'X-Tocsin-Alarm': 'a42959-smoke-17', 'X-Tocsin-Completes': 'raised', 'Auto-Submitted': 'auto-generated' },
      ...{ 'In-Reply-To': '<a42959-smoke-17.raised@arc.example>', References: '<a42959-smoke-17.raised@arc.example>' },
    });
  });

  it('has no box for a notice where there is none, and links where something can be opened', () => {
    const { html } = composeMail(changeOf('raised'), clientOf(), FRAME);
    expect(html).not.toContain('<strong>');
    expect(html.match(/<a href="[^"]*">[^<]*<\/a>/g)).toEqual([
      '<a href="geo:53.7974,-1.5438">geo:53.7974,-1.5438</a>',
      '<a href="https://console.example/#/alarms/a42959-smoke-17">https://console.example/#/alarms/a42959-smoke-17</a>',
    ]);
  });
});

describe('the subject', () => {
  it.each([
    [{ city: 'Leeds', country: '' }, 'Leeds'],
    [{ city: ' ', country: 'GB' }, 'GB'],
    [{ city: '', country: '' }, 'place unknown'],
    [{ city: 'x'.repeat(60), country: 'GB' }, `${'x'.repeat(60)}, GB`],
    [{ city: 'x'.repeat(61), country: 'GB' }, `${'x'.repeat(59)}…, GB`],
  ])('says the place of %j', (client, place) => {
    expect(composeMail(changeOf('raised'), clientOf(client), FRAME).subject).toBe(`CRITICAL smoke alarm — ${place} — sensor 42959`);
  });
});

describe('what a mail says of the type', () => {
  const said = (type: string, types: readonly AlarmType[] = SEVEN_TYPES) => {
    const change = changeOf('raised', { type, severity: 'MAJOR' });
    const { subject, text, html, headers } = composeMail(change, clientOf(), { ...FRAME, types });
    expect(headers).toEqual(composeMail(changeOf('raised'), clientOf(), FRAME).headers);
    expect(html).toContain(`<h1 style="font-size:20px">${text.split('\n', 1)[0]}</h1>`);
    return [subject, text.split('\n', 1)[0], /^ {2}Type: (.*)$/m.exec(text)?.[1]];
  };

  it.each([
    ['motion', 'MAJOR motion alarm', 'motion'],
    ['smoke', 'MAJOR smoke alarm', 'smoke'],
    ['temperature', 'MAJOR temperature alarm', 'Heat (temperature)'],
    ['water', 'MAJOR Water alarm', 'Water'],
    ['co', 'MAJOR CO alarm', 'CO'],
    ['mains', 'MAJOR No mains alarm', 'No mains (mains)'],
    ['of-older-settings', 'MAJOR Of older settings alarm', 'Of older settings (of-older-settings)'],
  ])('is the label for people, and of the reference system what it has always been: %s', (type, heading, line) => {
    expect(said(type)).toEqual([`${heading} — Leeds, GB — sensor 42959`, heading, line]);
  });

  it('is the label that the settings give a type of the reference system', () => {
    const types = SEVEN_TYPES.map((type) => (type.name === 'smoke' ? { ...type, label: 'Rauch' } : type));
    expect(said('smoke', types)).toEqual(['MAJOR Rauch alarm — Leeds, GB — sensor 42959', 'MAJOR Rauch alarm', 'Rauch (smoke)']);
  });

  it('stays on its line whatever a label or a name holds', () => {
    const types = SEVEN_TYPES.map((type) => (type.name === 'water' ? { ...type, label: 'A\r\nBcc: x@y' } : type));
    expect(said('water', types)[0]).toBe('MAJOR A Bcc: x@y alarm — Leeds, GB — sensor 42959');
    expect(said('gas\r\nBcc: x@y')[2]).toBe('Gas Bcc: x@y (gas Bcc: x@y)');
  });
});

describe('the id of a mail', () => {
  it('is of the domain that it comes from, and of an id that can be none of a header', () => {
    expect(messageIdOf('a1', 'raised', 'odd@name@arc.example')).toBe('<a1.raised@arc.example>');
    expect(messageIdOf('a1', 'raised', 'localhost')).toBe('<a1.raised@localhost>');
    expect(messageIdOf('a\r\n>1', 'cleared', 'x@y')).toBe('<a=d=a=3e1.cleared@y>');
  });
});

describe('one line', () => {
  it.each([
    ['what it was', 'Zoë 🙂', 5, 'Zoë 🙂'],
    ['cut where it is longer, with a sign that it is', 'abcdef', 5, 'abcd…'],
    ['cut between letters, not within one', '🙂🙂🙂🙂', 3, '🙂🙂…'],
    ['as long as it may be in any script', '🙂🙂🙂', 3, '🙂🙂🙂'],
    ['without what would end it or turn it around', ' a\r\nb\u2028c\u202ed\u0000e\ud800 ', 20, 'a b c d e'],
    ['as good as nothing where there is nothing', '\n', 5, ''],
  ])('is %s', (_, text, max, expected) => {
    expect(oneLine(text, max)).toBe(expected);
  });
});

it('HTML has no sign in it that would be a tag or a value', () => {
  expect(escapeHtml(`<a href="x">'&'</a>`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;');
});
