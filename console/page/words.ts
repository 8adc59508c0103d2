import type { ListedAlarm } from '../api/schemas.ts';

type Alarm = Pick<ListedAlarm, 'state' | 'acknowledgedBy'>;

/** What stands beside the shape, so that colour is never alone. */
export function stateWord({ state }: Alarm): string {
  return { ACTIVE_UNACK: 'NEW', ACTIVE_ACK: 'ACKNOWLEDGED', CLEARED_UNACK: 'RESTORED', CLEARED_ACK: 'ENDED' }[state];
}

export function stateSentence(alarm: Alarm): string {
  const by = alarm.acknowledgedBy ? ` by ${alarm.acknowledgedBy}` : '';
  return {
    ACTIVE_UNACK: 'Active, not acknowledged',
    ACTIVE_ACK: `Active, acknowledged${by}`,
    CLEARED_UNACK: 'Restored, not acknowledged',
    CLEARED_ACK: `Ended: restored and acknowledged${by}`,
  }[alarm.state];
}

/** Keeps a name's own direction of writing to itself. */
export const isolated = (text: string): string => `\u2068${text}\u2069`;

/** Where it is, in as many words as are known. */
export function whereWords({ client, region, sensor }: ListedAlarm): string {
  if (client)
    return [client.name, client.city, client.country]
      .filter((part) => part !== '')
      .map(isolated)
      .join(', ');
  return region === '' ? `sensor ${sensor}` : `sensor ${sensor}, ${region}`;
}
