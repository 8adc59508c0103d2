import { checkConsoleConfig, consoleSettings } from '../console/config.ts';
import { checkProxyConfig } from '../proxy/config.ts';
import { type ConfigOf, ConfigurationError, readGroups, type Settings } from '../runtime/configuration.ts';
import { NOT_YET, SETTINGS } from '../settings.ts';
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
  history: ['history'],
  mailer: ['mailer'],
  processor: ['processor'],
  console: ['console'],
  proxy: ['proxy'],
};

/** Each adapter's settings are read where the one that chooses it says so. */
const SERVER_GROUPS: readonly (readonly [setting: string, named: Group | undefined, embedded: Group | undefined])[] = [
  ['TOCSIN_KAFKA_BROKERS', undefined, 'log'],
];

/**
 * Reads what these roles need from the environment; settings of other roles are known but not looked at. Throws ConfigurationError with all
 * problems at once.
 */
export function readConfig(roles: ReadonlySet<Role>, environment: NodeJS.ProcessEnv): Config {
  const isSet = (setting: string): boolean => (environment[setting] ?? '') !== '';
  const chosen = SERVER_GROUPS.map(([setting, named, embedded]) => (isSet(setting) ? named : embedded));
  const groups = new Set([...roles].flatMap((role) => GROUPS[role]).concat(chosen.filter((group) => group !== undefined)));
  const { known, picked } = pick(groups);
  const read = readGroups({ ...ALWAYS, ...picked }, environment, known) as Partial<GroupConfigs> & Pick<Config, 'process' | 'link'>;
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

function pick(groups: ReadonlySet<Group>): { known: string[]; picked: Record<string, Settings> } {
  const all = Object.entries(SETTINGS) as [Group, Settings][];
  return {
    known: [...NOT_YET, ...all.flatMap(([, settings]) => Object.values(settings).map(({ name }) => name))],
    picked: Object.fromEntries(all.filter(([group]) => groups.has(group))),
  };
}

function problemsBetween(config: Config): string[] {
  const { roles, isSet } = config;
  const { host } = config.process;
  return [
    ...NOT_YET.filter(isSet).map((name) => `${name}: this version runs on one machine only, its adapter is still to come`),
    ...missingServers(roles, isSet),
    ...(roles.has('proxy') ? checkProxyConfig(config.of('proxy'), host) : []),
    ...(roles.has('console') ? checkConsoleConfig(config.of('console'), host) : []),
  ];
}
