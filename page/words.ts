import type { ListedAlarm } from '../console/api/schemas.ts';

type Alarm = Pick<ListedAlarm, 'state' | 'acknowledgedBy'>;

/** The word beside the shape, so that nothing is shown by colour alone. */
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

/** Isolates a name's writing direction from the text around it. */
export const isolated = (text: string): string => `\u2068${text}\u2069`;

/** Where an alarm is, as far as that is known. */
export function whereWords({ client, region, sensor, quarantined }: ListedAlarm): string {
  if (quarantined && !client) return `no client: sensor ${sensor}`;
  if (client)
    return [client.name, client.city, client.country]
      .filter((part) => part !== '')
      .map(isolated)
      .join(', ');
  return region === '' ? `sensor ${sensor}` : `sensor ${sensor}, ${region}`;
}
