import { distance } from 'fastest-levenshtein';
import { ConfigurationError } from '../runtime/configuration.ts';

/** What a process can be, any number of them at a time. In the order in which they start: sinks first, what feeds them last. */
export const ROLES = ['archiver', 'history', 'mailer', 'processor', 'console', 'proxy'] as const;
export type Role = (typeof ROLES)[number];

/** What roles work on, behind ports; each is embedded or a server. */
export type Store = 'log' | 'directory' | 'archive' | 'history';

/** The server that takes the place of embedded stores once its setting names it. */
export interface ServerChoice {
  readonly name: string;
  readonly setting: `TOCSIN_${string}`;
  readonly stores: readonly Store[];
}

export const SERVERS: readonly ServerChoice[] = [
  { name: 'Kafka', setting: 'TOCSIN_KAFKA_BROKERS', stores: ['log'] },
  { name: 'Cassandra', setting: 'TOCSIN_CASSANDRA_CONTACT_POINTS', stores: ['directory', 'archive'] },
  { name: 'InfluxDB', setting: 'TOCSIN_INFLUX_URL', stores: ['history'] },
];

const USES: Readonly<Record<Role, readonly Store[]>> = {
  archiver: ['log', 'directory', 'archive'],
  history: ['log', 'directory', 'archive', 'history'],
  mailer: ['log', 'directory'],
  processor: ['log'],
  console: ['log', 'directory', 'archive', 'history'],
  proxy: ['log'],
};

/** The roles that the words of a command line name, all where there are none. Throws ConfigurationError. */
export function rolesOf(words: readonly string[]): ReadonlySet<Role> {
  const problems = words.filter((word) => !isRole(word)).map(unknownRole);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return new Set(words.length === 0 ? ROLES : words.filter(isRole));
}

function isRole(word: string): word is Role {
  return (ROLES as readonly string[]).includes(word);
}

function unknownRole(word: string): string {
  const nearest = [...ROLES].sort((a, b) => distance(word, a) - distance(word, b))[0] ?? '';
  const advice = word.startsWith('-') ? 'npm start -- --help says more' : `did you mean ${nearest}?`;
  return `${word} is not a role; there are ${ROLES.join(', ')}: ${advice}`;
}

/**
 * An embedded store belongs to one process: whatever uses it must run in this one, or its server must be named. One line for each server
 * that is missing.
 */
export function missingServers(roles: ReadonlySet<Role>, isSet: (setting: string) => boolean): string[] {
  return SERVERS.filter(({ setting }) => !isSet(setting)).flatMap((server) => {
    const users = ROLES.filter((role) => server.stores.some((store) => USES[role].includes(store)));
    const here = users.filter((role) => roles.has(role));
    const elsewhere = users.filter((role) => !roles.has(role));
    if (here.length === 0 || elsewhere.length === 0) return [];
    const together = users.length === ROLES.length ? 'all roles in one process (npm start)' : `${inWords(users)} in one process`;
    return [
      `${server.setting} is not set, and the embedded ${inWords(server.stores)} can be used by one process only: ${inWords(elsewhere)} ` +
        `would not share ${server.stores.length > 1 ? 'them' : 'it'} with ${inWords(here)}. Name the ${server.name} of the cluster, or run ${together}`,
    ];
  });
}

/** The stores that these roles keep embedded in this process. */
export function embeddedStores(roles: ReadonlySet<Role>, isSet: (setting: string) => boolean): readonly Store[] {
  return SERVERS.filter(({ setting }) => !isSet(setting))
    .flatMap(({ stores }) => stores)
    .filter((store) => [...roles].some((role) => USES[role].includes(store)));
}

function inWords(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
