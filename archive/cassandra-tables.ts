import type { Table } from '../cassandra/table.ts';

export const ARCHIVE_TABLES: readonly Table[] = [
  {
    name: 'alarms',
    comment: 'Every alarm as of its highest version, as JSON; cells are dated by that version',
    columns: { id: 'text', alarm: 'text', region: 'text', geohash: 'text' },
    key: 'id',
  },
  {
    name: 'alarms_open',
    comment: 'Alarms that are not over, whole, spread over a fixed number of buckets',
    columns: { bucket: 'smallint', id: 'text', alarm: 'text', region: 'text', geohash: 'text' },
    key: 'bucket, id',
  },
  {
    name: 'alarms_by_period',
    comment: 'Alarms by time: list "all" in hours, the list of a sensor in days',
    columns: {
      list: 'text',
      period: 'timestamp',
      raised_at: 'timestamp',
      id: 'text',
      state: 'text',
      type: 'text',
      region: 'text',
      sensor: 'int',
    },
    key: '(list, period), raised_at, id',
    order: 'raised_at DESC, id DESC',
  },
  {
    name: 'alarm_periods',
    comment: 'The periods of a list that hold alarms',
    columns: { list: 'text', period: 'timestamp' },
    key: 'list, period',
    order: 'period DESC',
  },
  {
    name: 'alarm_custody',
    comment: 'The custody of an alarm: its steps and what proves each',
    columns: {
      alarm: 'text',
      step: 'text',
      at: 'timestamp',
      kind: 'text',
      position: 'text',
      operator: 'text',
      note: 'text',
      message_id: 'text',
      reply: 'text',
    },
    key: 'alarm, step',
  },
];
