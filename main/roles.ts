import { join } from 'node:path';
import { archiveSettings } from '../archive/config.ts';
import { auditKeyFile } from '../console/audit/key-file.ts';
import { chainEndFile } from '../console/audit/chain-end-file.ts';
import { checkConsoleConfig, consoleSettings, unencryptedFromBrowsers } from '../console/config.ts';
import { unknownSensorSettings } from '../directory/config.ts';
import { historySettings } from '../history/config.ts';
import { mailerSettings } from '../notify/config.ts';
import { processorSettings } from '../processor/config.ts';
import { checkProxyConfig, proxySettings, unencryptedFromSensors } from '../proxy/config.ts';
import type { LogRole } from '../records/topics.ts';
import { Health } from '../runtime/health.ts';
import { processSettings } from '../runtime/process-settings.ts';
import type { PortName } from './ports.ts';
import type { Role } from './role.ts';
import { showSignInLink } from './sign-in-link.ts';

const archiver = role({
  summary: 'keeps every alarm with its evidence and custody',
  uses: ['log', 'directory', 'archive'],
  settings: [archiveSettings],
  start: async ({ config, deps, ports, run }) => {
    const { startArchiver } = await import('../archive/archiver.ts');
    await run('archiver', startArchiver(config.of(archiveSettings), { ...deps, ...ports }));
    return {};
  },
});

const history = role({
  summary: 'keeps the state of every sensor, and how many alarms there were in each minute',
  uses: ['log', 'directory', 'archive', 'history'],
  settings: [historySettings],
  start: async ({ config, deps, ports, run }) => {
    const { startCounter } = await import('../history/counter.ts');
    const { startStateWriter } = await import('../history/states.ts');
    await run('counter', startCounter(config.of(historySettings), { ...deps, ...ports }));
    await run('state writer', startStateWriter({ ...deps, ...ports }));
    return {};
  },
});

const mailer = role({
  summary: 'mails every alarm with what is known about the client',
  uses: ['log', 'directory', 'mail'],
  settings: [mailerSettings, { consoleUrl: consoleSettings.publicUrl }],
  start: async ({ config, deps, ports, run }) => {
    const { startMailer } = await import('../notify/mailer.ts');
    const settings = { ...config.of(mailerSettings), consoleUrl: config.get(consoleSettings.publicUrl) };
    await run('mailer', startMailer(settings, { ...deps, ...ports, transport: ports.mail }));
    return {};
  },
});

const processor = role({
  summary: 'detects alarms',
  uses: ['log'],
  mayUse: ['directory'],
  settings: [processorSettings, unknownSensorSettings, { ingestUrls: proxySettings.urls }],
  start: async ({ config, deps, ports, unknownSensors, run, beforeFire }) => {
    const { startProcessor } = await import('../processor/processor.ts');
    const isUnknown = unknownSensors.treatment === 'accept' ? undefined : await unknownSensors.isUnknown();
    const starting = startProcessor(config.of(processorSettings), { ...deps, ...ports, isUnknown });
    const { restored } = await run('processor', Promise.resolve(starting));
    // A proxy takes statuses meanwhile: not every sensor sends again what was refused.
    beforeFire(restored);
    return {};
  },
});

const console = role({
  summary: 'shows alarms to operators, and takes their actions',
  uses: ['log', 'directory', 'archive', 'history'],
  settings: [consoleSettings],
  listensOn: consoleSettings.port,
  knownBy: '/api/openapi.json',
  check: (config) => checkConsoleConfig(config.of(consoleSettings), config.get(processSettings.host)),
  unencrypted: (config) => unencryptedFromBrowsers(config.of(consoleSettings), config.get(processSettings.host)),
  start: async ({ config, deps, ports, run, afterAll }) => {
    const { startConsole } = await import('../console/console.ts');
    const { ARCHIVER_GROUP } = await import('../archive/archiver.ts');
    const settings = { ...config.of(consoleSettings), host: config.get(processSettings.host) };
    const health = new Health(deps.health);
    // By its port, since several consoles may share a data folder; one on any free port has another one after a restart.
    const sessionsFile =
      settings.port === 0 ? undefined : join(config.get(processSettings.dataDir), `console-sessions-${settings.port}.json`);
    const keyFile = auditKeyFile(config.get(processSettings.dataDir));
    const auditEndFile = settings.port === 0 ? undefined : chainEndFile(config.get(processSettings.dataDir), settings.port);
    const place = { terminal: process.stdout.isTTY === true, folder: config.get(processSettings.dataDir), logger: deps.logger };
    const showLink = (url: string): void => showSignInLink(url, place);
    const { url, signInUrl, begun } = await run(
      'console',
      startConsole(settings, {
        ...deps,
        ...ports,
        health,
        archiveGroup: ARCHIVER_GROUP,
        sessionsFile,
        auditEndFile,
        auditKeyFile: keyFile,
        showLink,
      }),
    );
    // A fire must not wait for a console with very many open alarms.
    afterAll(begun);
    return { consoleUrl: url, signInUrl };
  },
});

const proxy = role({
  summary: 'accepts the statuses of sensors',
  uses: ['log'],
  mayUse: ['directory'],
  settings: [proxySettings, unknownSensorSettings],
  listensOn: proxySettings.port,
  knownBy: '/openapi.json',
  check: (config) => checkProxyConfig(config.of(proxySettings), config.get(processSettings.host)),
  unencrypted: (config) => unencryptedFromSensors(config.of(proxySettings), config.get(processSettings.host)),
  start: async ({ config, deps, ports, unknownSensors, run }) => {
    const { startProxy } = await import('../proxy/proxy.ts');
    const settings = { ...config.of(proxySettings), host: config.get(processSettings.host) };
    const isUnknown = unknownSensors.treatment === 'refuse' ? await unknownSensors.isUnknown() : undefined;
    const { port } = await run('proxy', startProxy(settings, { ...deps, ...ports, health: new Health(deps.health), isUnknown }));
    return { ingestPort: port };
  },
});

/**
 * Every role; a process runs any number of them. In the order in which they start: sinks first, what feeds them last; they stop in reverse
 * order, so that each drains into one that still runs.
 */
export const ROLES = { archiver, history, mailer, processor, console, proxy } as const satisfies Readonly<Record<LogRole, Role>>;
export type RoleName = keyof typeof ROLES;
export const ROLE_NAMES = Object.keys(ROLES).filter(isRole);

/** Keeps which ports a role uses, so that it cannot be written to use another. */
function role<P extends PortName>(row: Role<P>): Role<P> {
  return row;
}

function isRole(word: string): word is RoleName {
  return Object.hasOwn(ROLES, word);
}

/** The named roles, or all if none is named; unknown words are left out. */
export function rolesOf(words: readonly string[]): ReadonlySet<RoleName> {
  return new Set(words.length === 0 ? ROLE_NAMES : words.filter(isRole));
}
