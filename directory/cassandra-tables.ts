import type { Table } from '../cassandra/table.ts';
import { CLIENT_COLUMNS } from './client.ts';

/** The types of the reference system's table: an integer key, coordinates as doubles, everything else text. */
const CLIENT_TYPES: Readonly<Record<string, string>> = { id: 'int', latitude: 'double', longitude: 'double' };

export const CLIENT_TABLES: readonly Table[] = [
  {
    name: 'datosclientes',
    comment: 'Clients by sensor id, as in the reference system; dashboard is the region',
    columns: {
      ...Object.fromEntries(CLIENT_COLUMNS.map((column) => [column, CLIENT_TYPES[column] ?? 'text'])),
      geohash: 'text',
      dashboard: 'text',
    },
    key: 'id',
  },
];
