import type { HappenedAnswer, ListedIncidentAnswer } from '../console/api/schemas-incidents.ts';

/** Where an incident is, as well as it is known and may be seen. */
export const placeWords = ({ site, region }: Pick<ListedIncidentAnswer, 'site' | 'region'>): string =>
  [site, region].filter(Boolean).join(', ') || 'unknown place';

/** `taken by ann: …`: the event by its name, and whatever is known of it. */
export function happenedWords({
  event,
  by,
  over,
  to,
  member,
  incident,
  severity,
  minutes,
  why,
  disposition,
  note,
}: HappenedAnswer): string {
  const more = [
    member,
    incident,
    severity,
    disposition,
    why,
    over !== undefined ? `from ${over}` : undefined,
    to !== undefined ? `to ${to.join(', ')}` : undefined,
    minutes !== undefined ? `for ${Math.round(minutes)} min` : undefined,
    note,
  ].filter((text) => text !== undefined);
  return `${event}${by === undefined ? '' : ` by ${by}`}${more.length === 0 ? '' : `: ${more.join(', ')}`}`;
}
