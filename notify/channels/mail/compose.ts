/** The mail for one event of an alarm. Pure: the same event and client give the same mail. */
import type { AlarmType } from '../../../alarm/alarm-type.ts';
import type { Evidence } from '../../../alarm/alarm.ts';
import type { MailedChange } from '../../../records/alarm-event.ts';
import type { MailedEvent } from '../../../records/delivery.ts';
import { isPlace } from '../../../directory/placed.ts';
import type { Client } from '../../../directory/port.ts';
import type { Mail } from './port.ts';
import { escapeHtml, oneLine } from './text.ts';
import { wordsOf } from './type-words.ts';

export interface MailFrame {
  readonly from: string;
  readonly to: readonly string[];
  /** Origin of the console, for a link to the alarm; undefined: no link. */
  readonly consoleUrl: string | undefined;
  /** The types whose labels mails show. */
  readonly types: readonly AlarmType[];
}

/** The sensor's client, or why it isn't known. */
export type Holder = Client | 'unknown' | 'unavailable' | 'damaged';

/** An alarm has at most one mail of each kind. */
type MailKind = MailedEvent | 'completed';

/** Label and value of one line; a link where `href` is set. */
interface Line {
  readonly label: string;
  readonly value: string;
  readonly href?: string;
}
interface Section {
  readonly title: string;
  readonly lines: readonly Line[];
}

const PLACE_MAX = 60;
const VALUE_MAX = 500;

export function composeMail(change: MailedChange, holder: Holder, frame: MailFrame): Mail {
  const { alarm, event } = change;
  const answers = event === 'cleared' ? messageIdOf(alarm.id, 'raised', frame.from) : undefined;
  return compose(change, holder, frame, { kind: event, notice: noticeOf(holder), answers, header: { 'X-Tocsin-Event': event } });
}

/**
 * A further mail about an alarm whose own mail went out without the client. It has no `X-Tocsin-Event`, since programs that count those have counted
 * this alarm.
 */
export function composeCompletion(change: MailedChange, client: Client, frame: MailFrame): Mail {
  const notice = 'NOW WITH THE CLIENT. An earlier mail about this alarm went out without, because the directory was out of reach.';
  const answers = messageIdOf(change.alarm.id, 'raised', frame.from);
  return compose(change, client, frame, { kind: 'completed', notice, answers, header: { 'X-Tocsin-Completes': change.event } });
}

/** The differences between mails about an alarm. */
interface Distinction {
  readonly kind: MailKind;
  readonly notice: string | undefined;
  /** Message-ID of the mail that this one answers. */
  readonly answers: string | undefined;
  readonly header: Readonly<Record<string, string>>;
}

function compose(change: MailedChange, holder: Holder, { from, to, consoleUrl, types }: MailFrame, about: Distinction): Mail {
  const { alarm, event } = change;
  const { kind, notice, answers } = about;
  const type = wordsOf(alarm.type, types);
  const heading = `${event === 'cleared' ? 'CLEARED ' : ''}${alarm.severity} ${type.title} alarm`;
  const subject = `${heading} — ${placeOf(holder)} — sensor ${alarm.sensor}`;
  const sections = [
    { title: 'Alarm', lines: alarmLines(change, type.full, holder, consoleUrl) },
    ...(typeof holder === 'string' ? [] : [{ title: 'Client', lines: clientLines(holder) }]),
    { title: 'Readings that raised it (oldest first, times UTC)', lines: alarm.evidence.map(evidenceLine) },
  ];
  return {
    messageId: messageIdOf(alarm.id, kind, from),
    severity: alarm.severity,
    quarantined: alarm.quarantined,
    from,
    to,
    subject,
    text: plainText(heading, notice, sections),
    html: html(heading, notice, sections),
    headers: {
      'X-Tocsin-Alarm': safeId(alarm.id),
      ...about.header,
      'Auto-Submitted': 'auto-generated',
      ...(answers === undefined ? {} : { 'In-Reply-To': answers, References: answers }),
    },
    date: new Date(change.at),
  };
}

/** The same for the same alarm and kind, so that a mail that came twice is recognised by its id. */
export function messageIdOf(alarm: string, kind: MailKind, from: string): string {
  return `<${safeId(alarm)}.${kind}@${from.slice(from.lastIndexOf('@') + 1)}>`;
}

/** Alarm ids are URL-safe; if one should not be, it still can't break out of its header. */
function safeId(alarm: string): string {
  return alarm.replace(/[^A-Za-z0-9_.~-]/g, (character) => `=${character.charCodeAt(0).toString(16)}`);
}

function placeOf(holder: Holder): string {
  if (typeof holder === 'string') return `client ${holder}`;
  const place = [holder.city, holder.country].map((part) => oneLine(part, PLACE_MAX)).filter((part) => part !== '');
  return place.length > 0 ? place.join(', ') : 'place unknown';
}

function noticeOf(holder: Holder): string | undefined {
  if (holder === 'unknown') return 'NO CLIENT IS KNOWN FOR THIS SENSOR. This mail says all that is known of it.';
  if (holder === 'unavailable')
    return 'THE CLIENT COULD NOT BE LOOKED UP: the directory is out of reach. This mail says all that is known.';
  if (holder === 'damaged') return 'WHAT IS STORED OF THE CLIENT IS DAMAGED AND CANNOT BE READ. This mail says all that is known.';
  return undefined;
}

function alarmLines({ event, alarm, at }: MailedChange, type: string, holder: Holder, consoleUrl: string | undefined): Line[] {
  const id = safeId(alarm.id);
  const line = (label: string, value: string): Line => ({ label, value });
  const lines = [
    line('State', event === 'raised' ? 'ACTIVE' : 'CLEARED'),
    line('Type', type),
    line('Severity', alarm.severity),
    ...(alarm.quarantined ? [line('Quarantined', 'no client had the sensor when the alarm was raised')] : []),
    line('Sensor', String(alarm.sensor)),
    line('Raised', iso(alarm.raisedAt)),
    ...(event === 'cleared' ? [line('Cleared', iso(alarm.clearedAt ?? at))] : []),
    line('Alarm', id),
  ];
  if (typeof holder !== 'string') {
    if (isPlace(holder)) {
      const geo = `geo:${Number(holder.latitude)},${Number(holder.longitude)}`;
      lines.push(line('Region', oneLine(holder.region, VALUE_MAX)), line('Geohash', oneLine(holder.geohash, VALUE_MAX)));
      lines.push({ label: 'Map', value: geo, href: geo });
    } else lines.push(line('Place', 'not known: the client has no coordinates that are a place'));
  }
  if (consoleUrl) {
    const link = `${consoleUrl}/#/alarms/${encodeURIComponent(alarm.id)}`;
    lines.push({ label: 'Console', value: link, href: link });
  }
  return lines;
}

/** All 19 columns of the reference system, in its order. */
function clientLines(client: Client): Line[] {
  const labels: readonly (readonly [string, keyof Client])[] = [
    ['Id', 'id'],
    ['Name', 'name'],
    ['Surname', 'surname'],
    ['Gender', 'gender'],
    ['National id', 'nationalid'],
    ['Birthday', 'birthday'],
    ['Street address', 'streetaddress'],
    ['City', 'city'],
    ['Zip code', 'zipcode'],
    ['Country', 'country'],
    ['Telephone country code', 'telephonecountrycode'],
    ['Telephone number', 'telephonenumber'],
    ['Latitude', 'latitude'],
    ['Longitude', 'longitude'],
    ['E-mail address', 'emailaddress'],
    ['Title', 'title'],
    ['Occupation', 'occupation'],
    ['Company', 'company'],
    ['User name', 'username'],
  ];
  return labels.map(([label, field]) => {
    const value = client[field];
    return { label, value: Number.isNaN(value) ? 'not known' : oneLine(String(value), VALUE_MAX) };
  });
}

function evidenceLine({ at, value, topic, partition, offset }: Evidence): Line {
  return { label: iso(at), value: `${oneLine(value, VALUE_MAX)}  (${oneLine(topic, PLACE_MAX)}/${partition}@${offset})` };
}

function plainText(heading: string, notice: string | undefined, sections: readonly Section[]): string {
  const blocks = sections.map(({ title, lines }) => [title, ...lines.map(({ label, value }) => `  ${label}: ${value}`)].join('\n'));
  return `${[heading, ...(notice ? [`!! ${notice}`] : []), ...blocks].join('\n\n')}\n`;
}

const CELL = 'style="padding:2px 12px 2px 0;text-align:left;vertical-align:top;font-weight:normal';

function html(heading: string, notice: string | undefined, sections: readonly Section[]): string {
  const row = ({ label, value, href }: Line): string => {
    const shown = escapeHtml(value);
    const cell = href ? `<a href="${escapeHtml(href)}">${shown}</a>` : shown;
    return `<tr><th scope="row" ${CELL};color:#555">${escapeHtml(label)}</th><td ${CELL}">${cell}</td></tr>`;
  };
  const tables = sections.map(
    ({ title, lines }) =>
      `<h2 style="font-size:16px">${escapeHtml(title)}</h2>\n<table style="border-collapse:collapse">\n${lines.map(row).join('\n')}\n</table>`,
  );
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<title>${escapeHtml(heading)}</title></head>`,
    '<body style="font-family:sans-serif;font-size:14px">',
    `<h1 style="font-size:20px">${escapeHtml(heading)}</h1>`,
    ...(notice ? [`<p style="border:2px solid #b00;padding:8px"><strong>${escapeHtml(notice)}</strong></p>`] : []),
    ...tables,
    '</body></html>',
    '',
  ].join('\n');
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
