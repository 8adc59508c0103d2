import { checkConsoleConfig, consoleSettings } from '../console/config.ts';
import { checkKafkaConfig } from '../message-log/kafka/config.ts';
import { checkCassandraConfig } from '../cassandra/config.ts';
import { checkInfluxConfig } from '../history/influx/config.ts';
import { checkProxyConfig } from '../proxy/config.ts';
import { type ConfigOf, ConfigurationError, readGroups, type Settings } from '../runtime/configuration.ts';
import { SETTING_NAMES, SETTINGS } from './settings.ts';
import { missingServers, type Role } from './roles.ts';

type Group = keyof typeof SETTINGS;

/** What every process reads besides its roles' groups: the mailer, too, links to the console. */
const ALWAYS = { process: SETTINGS.process, link: { consoleUrl: consoleSettings.publicUrl } };

type GroupConfigs = { readonly [G in Group]: ConfigOf<(typeof SETTINGS)[G]> };

export interface Config {
  readonly roles: ReadonlySet<Role>;
  readonly process: GroupConfigs['process'];
  readonly link: ConfigOf<(typeof ALWAYS)['link']>;
  /** The settings of a role or an adapter that this process has. */
  of<G extends Group>(group: G): GroupConfigs[G];
  /** Whether a setting names something, such as a server. */
  isSet(setting: string): boolean;
}

const GROUPS: Readonly<Record<Role, readonly Group[]>> = {
  archiver: ['archive'],
  history: ['history', 'archive'],
  mailer: ['mailer'],
  processor: ['processor'],
  console: ['console', 'archive'],
  proxy: ['proxy'],
};

/** The settings of a server are read where its first one names it, those of what it takes the place of otherwise. */
const CHOICES: readonly { readonly setting: string; readonly named: Group; readonly embedded?: Group }[] = [
  { setting: 'TOCSIN_KAFKA_BROKERS', named: 'kafka', embedded: 'log' },
  { setting: 'TOCSIN_CASSANDRA_CONTACT_POINTS', named: 'cassandra' },
  { setting: 'TOCSIN_INFLUX_URL', named: 'influx' },
];

/**
 * Reads what these roles need from the environment; settings of other roles are known but not looked at. Throws ConfigurationError with all
 * problems at once.
 */
export function readConfig(roles: ReadonlySet<Role>, environment: NodeJS.ProcessEnv): Config {
  const isSet = (setting: string): boolean => (environment[setting] ?? '') !== '';
  const chosen = CHOICES.flatMap(({ setting, named, embedded }) => (isSet(setting) ? named : (embedded ?? [])));
  const groups = new Set([...[...roles].flatMap((role) => GROUPS[role]), ...chosen]);
  const picked = Object.fromEntries(Object.entries(SETTINGS).filter(([group]) => groups.has(group as Group)));
  const read = readGroups<Record<string, Settings>>({ ...picked, ...ALWAYS }, environment, SETTING_NAMES) as Partial<GroupConfigs> &
    Pick<Config, 'process' | 'link'>;
  const config: Config = {
    roles,
    process: read.process,
    link: read.link,
    isSet,
    of: (group) => {
      const values = read[group];
      if (!values) throw new Error(`the settings of ${group} were not read`);
      return values as GroupConfigs[typeof group];
    },
  };
  const problems = problemsBetween(config);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return config;
}

function problemsBetween(config: Config): string[] {
  const { roles, isSet } = config;
  const { host } = config.process;
  return [
    ...missingServers(roles, isSet),
    ...(isSet('TOCSIN_KAFKA_BROKERS') ? checkKafkaConfig(config.of('kafka')) : []),
    ...(isSet('TOCSIN_CASSANDRA_CONTACT_POINTS') ? checkCassandraConfig(config.of('cassandra')) : []),
    ...(isSet('TOCSIN_INFLUX_URL') ? checkInfluxConfig(config.of('influx')) : []),
    ...(roles.has('proxy') ? checkProxyConfig(config.of('proxy'), host) : []),
    ...(roles.has('console') ? checkConsoleConfig(config.of('console'), host) : []),
  ];
}
