/** Who may do what, and see what: the one place that decides it, for persons and for programs. */

/** Each may do what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'supervisor'] as const;
export type Role = (typeof ROLES)[number];

/**
 * `read`: alarms, sensors and counts, without the people behind them; `clients`: these too, with notes and raw readings; `acknowledge`: everything that
 * operators do to alarms; `sessions`: see who is signed in, and sign them out; `audit`: read the audit trail; `metrics` and `reasons`: /metrics, and why
 * the console is not ready.
 */
export type Right = 'read' | 'clients' | 'acknowledge' | 'sessions' | 'audit' | 'metrics' | 'reasons';
export type Rights = ReadonlySet<Right>;

const VIEWER: readonly Right[] = ['read', 'metrics'];
const OPERATOR: readonly Right[] = [...VIEWER, 'clients', 'acknowledge', 'sessions', 'reasons'];

const OF_ROLE: Readonly<Record<Role, Rights>> = {
  viewer: new Set(VIEWER),
  operator: new Set(OPERATOR),
  supervisor: new Set([...OPERATOR, 'audit']),
};

export const rightsOfRole = (role: Role): Rights => OF_ROLE[role];

/** How much of alarms, sensors and clients is shown. Every answer and every event of the live stream follows it. */
export type Sight = 'full' | 'limited';
export const sightOf = (rights: Rights): Sight => (rights.has('clients') ? 'full' : 'limited');

export interface Visibility {
  /** The client, and the client's town in lists of alarms. */
  readonly client: boolean;
  /** Operators' notes, and mail servers' replies. */
  readonly notes: boolean;
  /** Readings as the sensor sent them. */
  readonly readings: boolean;
  /** The premises of an incident: a text of the directory, which may be an address. */
  readonly premises: boolean;
  /** How many characters of a geohash; five are a cell of some 5 km. */
  readonly geohashLength: number;
}

const VISIBLE: Readonly<Record<Sight, Visibility>> = {
  full: { client: true, notes: true, readings: true, premises: true, geohashLength: 12 },
  limited: { client: false, notes: false, readings: false, premises: false, geohashLength: 5 },
};

export const visibleWith = (sight: Sight): Visibility => VISIBLE[sight];
