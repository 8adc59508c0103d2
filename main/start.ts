import { Health } from '../runtime/health.ts';
import type { Lifecycle, Running } from '../runtime/lifecycle.ts';
import { startOperations } from '../runtime/operations.ts';
import type { AdapterDeps, Adapters } from './adapters.ts';
import type { Config } from './configuration.ts';
import { ROLES, type Role } from './roles.ts';

/** Where the process can be reached, by what runs in it. */
export interface Addresses {
  readonly ingestPort?: number;
  readonly consoleUrl?: string;
  /** Signs one operator in, once. */
  readonly signInUrl?: string;
  readonly operationsPort?: number;
  /** The folder with the mails, where no mail server is named. */
  readonly outbox?: string;
}

interface Context {
  readonly config: Config;
  readonly deps: AdapterDeps;
  readonly adapters: Adapters;
  /** Stops the part when its time comes. */
  readonly run: <R extends Running>(name: string, part: Promise<R>) => Promise<R>;
}

/** Sinks first, then the processor, then HTTP; the stop runs the other way, so that each part drains into a live one. */
export async function startRoles(config: Config, adapters: Adapters, deps: AdapterDeps, lifecycle: Lifecycle): Promise<Addresses> {
  const run: Context['run'] = async (name, part) => {
    const started = await part;
    lifecycle.onStop(name, () => started.stop());
    return started;
  };
  const hasHttp = config.roles.has('proxy') || config.roles.has('console');
  let addresses: Addresses = hasHttp ? {} : await operations(config, deps, run);
  for (const role of ROLES) {
    if (config.roles.has(role)) addresses = { ...addresses, ...(await STARTERS[role]({ config, deps, adapters, run })) };
  }
  deps.health.report('start', undefined);
  return addresses;
}

const STARTERS: Readonly<Record<Role, (context: Context) => Promise<Addresses>>> = {
  archiver: async ({ config, deps, adapters, run }) => {
    const { startArchiver } = await import('../archive/archiver.ts');
    const stores = { log: await adapters.log(), archive: await adapters.archive(), directory: await adapters.directory() };
    await run('archiver', startArchiver(config.of('archive'), { ...deps, ...stores }));
    return {};
  },

  history: async ({ config, deps, adapters, run }) => {
    const { startCounter } = await import('../history/counter.ts');
    const { startStateWriter } = await import('../history/states.ts');
    const stores = { log: await adapters.log(), history: await adapters.history(), directory: await adapters.directory() };
    await run('counter', startCounter(config.of('history'), { ...deps, ...stores }));
    await run('state writer', startStateWriter({ ...deps, ...stores, archive: await adapters.archive() }));
    return {};
  },

  mailer: async ({ config, deps, adapters, run }) => {
    const { startMailer } = await import('../notify/mailer.ts');
    const mailer = config.of('mailer');
    const ports = { log: await adapters.log(), directory: await adapters.directory(), transport: await adapters.mail() };
    await run('mailer', startMailer({ ...mailer, consoleUrl: config.link.consoleUrl }, { ...deps, ...ports }));
    return mailer.smtpUrl ? {} : { outbox: adapters.outbox };
  },

  processor: async ({ config, deps, adapters, run }) => {
    const { startProcessor } = await import('../processor/processor.ts');
    await run('processor', startProcessor(config.of('processor'), { ...deps, log: await adapters.log() }));
    return {};
  },

  console: async ({ config, deps, adapters, run }) => {
    const { startConsole } = await import('../console/console.ts');
    const { ARCHIVER_GROUP } = await import('../archive/archiver.ts');
    const stores = {
      log: await adapters.log(),
      archive: await adapters.archive(),
      history: await adapters.history(),
      directory: await adapters.directory(),
    };
    const health = new Health(deps.health);
    const settings = { ...config.of('console'), host: config.process.host };
    const { url, signInUrl } = await run('console', startConsole(settings, { ...deps, ...stores, health, archiveGroup: ARCHIVER_GROUP }));
    return { consoleUrl: url, signInUrl };
  },

  proxy: async ({ config, deps, adapters, run }) => {
    const { startProxy } = await import('../proxy/proxy.ts');
    const settings = { ...config.of('proxy'), host: config.process.host };
    const health = new Health(deps.health);
    const { port } = await run('proxy', startProxy(settings, { ...deps, health, log: await adapters.log() }));
    return { ingestPort: port };
  },
};

/** Roles without HTTP of their own are watched on a port that they share, from before they start until after they have stopped. */
async function operations(config: Config, { health, registry }: AdapterDeps, run: Context['run']): Promise<Addresses> {
  const { host, operationsPort } = config.process;
  health.report('start', 'the roles are starting');
  const { port } = await run('operations', startOperations({ host, port: operationsPort }, health, registry));
  return { operationsPort: port };
}
