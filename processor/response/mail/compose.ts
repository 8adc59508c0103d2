/** The mail for one event of an alarm. Pure: the same event and client give the same mail. */
import type { Evidence } from '../../../alarm/alarm.ts';
import type { MailedChange, MailedEvent } from '../alarm-event.ts';
import type { Client } from '../directory/port.ts';
import type { Mail } from './port.ts';
import { escapeHtml, oneLine } from './text.ts';

export interface MailFrame {
  readonly from: string;
  readonly to: readonly string[];
  /** Origin of the console, for a link to the alarm. */
  readonly consoleUrl: string | undefined;
}

/** Who holds the sensor: the client, or why it can't be said. */
export type Holder = Client | 'unknown' | 'unavailable';

/** Label and value of one line, or a link where `href` is set. */
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

export function composeMail(change: MailedChange, holder: Holder, { from, to, consoleUrl }: MailFrame): Mail {
  const { alarm, event } = change;
  const heading = `${event === 'cleared' ? 'CLEARED ' : ''}${alarm.severity} ${alarm.type} alarm`;
  const subject = `${heading} — ${placeOf(holder)} — sensor ${alarm.sensor}`;
  const notice = noticeOf(holder);
  const sections = [
    { title: 'Alarm', lines: alarmLines(change, holder, consoleUrl) },
    ...(typeof holder === 'string' ? [] : [{ title: 'Client', lines: clientLines(holder) }]),
    { title: 'Readings that raised it (oldest first, times UTC)', lines: alarm.evidence.map(evidenceLine) },
  ];
  const raisedId = messageIdOf(alarm.id, 'raised', from);
  return {
    messageId: messageIdOf(alarm.id, event, from),
    from,
    to,
    subject,
    text: plainText(heading, notice, sections),
    html: html(heading, notice, sections),
    headers: {
      'X-Tocsin-Alarm': safeId(alarm.id),
      'X-Tocsin-Event': event,
      'Auto-Submitted': 'auto-generated',
      ...(event === 'cleared' ? { 'In-Reply-To': raisedId, References: raisedId } : {}),
    },
    date: new Date(change.at),
  };
}

/** Always the same for the same alarm and event, so that a mail that came twice is known by its id. */
export function messageIdOf(alarm: string, event: MailedEvent, from: string): string {
  return `<${safeId(alarm)}.${event}@${from.slice(from.lastIndexOf('@') + 1)}>`;
}

/** Alarm ids are URL-safe; should one not be, it still can't leave its header. */
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
  return undefined;
}

function alarmLines({ event, alarm, at }: MailedChange, holder: Holder, consoleUrl: string | undefined): Line[] {
  const id = safeId(alarm.id);
  const line = (label: string, value: string): Line => ({ label, value });
  const lines = [
    line('State', event === 'raised' ? 'ACTIVE' : 'CLEARED'),
    line('Type', alarm.type),
    line('Severity', alarm.severity),
    line('Sensor', String(alarm.sensor)),
    line('Raised', iso(alarm.raisedAt)),
    ...(event === 'cleared' ? [line('Cleared', iso(alarm.clearedAt ?? at))] : []),
    line('Alarm', id),
  ];
  if (typeof holder !== 'string') {
    const geo = `geo:${Number(holder.latitude)},${Number(holder.longitude)}`;
    lines.push(line('Region', oneLine(holder.region, VALUE_MAX)), line('Geohash', oneLine(holder.geohash, VALUE_MAX)));
    lines.push({ label: 'Map', value: geo, href: geo });
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
  return labels.map(([label, field]) => ({ label, value: oneLine(String(client[field]), VALUE_MAX) }));
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
