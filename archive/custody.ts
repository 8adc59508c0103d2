import type { AlarmChange, Position } from '../alarm/alarm.ts';
import type { Delivery } from '../records/delivery.ts';
import type { CustodyEntry } from './port.ts';

/** The entries that a change adds to an alarm's custody: for `raised` also the readings that raised it; none for `seen`. */
export function custodyOf({ event, at, cause, alarm, action }: AlarmChange): readonly CustodyEntry[] {
  const position = placeOf(cause);
  const by = action && { by: action.by };
  const note = action?.note === undefined || action.note === '' ? undefined : { note: action.note };
  switch (event) {
    case 'raised': {
      const readings = alarm.evidence.map((reading): CustodyEntry => {
        const place = placeOf(reading);
        return { key: `accepted ${place}`, at: reading.at, kind: 'accepted', position: place };
      });
      return [...readings, { key: 'raised', at, kind: 'raised', position }];
    }
    case 'cleared':
      return [{ key: 'cleared', at, kind: 'cleared', position }];
    case 'acknowledged':
    case 'noted':
      return [{ key: `${event} ${position}`, at, kind: event, position, ...by, ...note }];
    case 'disposed': {
      const said = [action?.disposition ?? alarm.disposition, action?.note].filter(Boolean).join(': ');
      return [{ key: `disposed ${position}`, at, kind: 'disposed', position, ...by, note: said }];
    }
    case 'seen':
      return [];
  }
}

/** The entry for a mail; `position`: of its record in DELIVERY, so that a mail that was sent twice has two entries. */
export function custodyOfDelivery({ at, event, outcome, messageId, reply, completes }: Delivery, position: Position): CustodyEntry {
  const place = placeOf(position);
  const note = completes ? `${event}, completed with the client` : event;
  return { key: `mail ${place}`, at, kind: outcome === 'sent' ? 'mailed' : 'mail-parked', position: place, note, messageId, reply };
}

function placeOf({ topic, partition, offset }: Position): string {
  return `${topic}/${partition}@${offset}`;
}

/** The order of entries of the same millisecond. */
const STEPS: readonly CustodyEntry['kind'][] = [
  'accepted',
  'raised',
  'mailed',
  'mail-parked',
  'acknowledged',
  'noted',
  'disposed',
  'cleared',
];

export function inOrderOfTime(entries: readonly CustodyEntry[]): readonly CustodyEntry[] {
  return entries.toSorted(
    (a, b) => a.at - b.at || STEPS.indexOf(a.kind) - STEPS.indexOf(b.kind) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  );
}
