/** Sensors that no client has: how this process treats them, and how it knows them. */
import { type UnknownSensorConfig, unknownSensorSettings } from '../directory/config.ts';
import { kafkaSettings } from '../kafka/config.ts';
import { proxySettings } from '../proxy/config.ts';
import { isPublicUrl } from '../runtime/host-name.ts';
import { isLoopback } from '../runtime/listen.ts';
import { processSettings } from '../runtime/process-settings.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { AdapterDeps } from './adapter.ts';
import type { Config } from './configuration.ts';
import type { Ports } from './ports.ts';

type Treatment = Exclude<UnknownSensorConfig['unknownSensors'], 'auto'>;
/** What the treatment follows from. */
type Chosen = Pick<Config, 'roles' | 'ports' | 'isSet' | 'values'>;

export class UnknownSensors {
  readonly #config: Chosen;
  readonly #deps: Pick<AdapterDeps, 'logger' | 'health' | 'registry'>;
  readonly #open: () => Promise<Ports['directory']>;
  readonly #run: <R extends Running>(name: string, part: Promise<R>) => Promise<R>;
  #known: Promise<(sensor: number) => boolean> | undefined;

  constructor(
    config: Chosen,
    deps: Pick<AdapterDeps, 'logger' | 'health' | 'registry'>,
    open: () => Promise<Ports['directory']>,
    run: <R extends Running>(name: string, part: Promise<R>) => Promise<R>,
  ) {
    this.#config = config;
    this.#deps = deps;
    this.#open = open;
    this.#run = run;
  }

  /** Of a process with the role of proxy or processor. */
  get treatment(): Treatment {
    return treatmentOf(this.#config);
  }

  /** Whether it is sure that no client has a sensor; one list for all roles of the process. Doesn't wait for the directory. */
  isUnknown(): Promise<(sensor: number) => boolean> {
    this.#known ??= this.#start();
    return this.#known;
  }

  async #start(): Promise<(sensor: number) => boolean> {
    const { KnownSensors } = await import('../directory/known-sensors.ts');
    const least = this.#config.values.get(unknownSensorSettings.clientsLeast);
    const known = await this.#run('known sensors', Promise.resolve(new KnownSensors({ ...this.#deps, open: this.#open, least }).start()));
    return known.isUnknown;
  }
}

/** Of a process with the role of proxy or processor. */
export function treatmentOf(config: Chosen): Treatment {
  const said = config.values.get(unknownSensorSettings.unknownSensors);
  if (said !== 'auto') return said;
  return config.ports.includes('directory') && isReachedByOthers(config) ? 'quarantine' : 'accept';
}

/** Whether sensors may be on other machines: this process, the proxy or Kafka is reached by others. */
function isReachedByOthers({ isSet, values }: Chosen): boolean {
  const brokers = isSet(kafkaSettings.brokers.name) ? (values.get(kafkaSettings.brokers) ?? []) : [];
  const hosts = [values.get(processSettings.host), ...brokers.map((broker) => broker.replace(/:\d+$/, ''))];
  return !hosts.every(isLoopback) || values.get(proxySettings.urls).some(isPublicUrl);
}

/** A line if this process would have to know the clients and can't read them. */
export function problemsOfUnknownSensors({ roles, ports, values }: Omit<Chosen, 'isSet'>): string[] {
  if ((!roles.has('proxy') && !roles.has('processor')) || ports.includes('directory')) return [];
  const said = values.get(unknownSensorSettings.unknownSensors);
  if (said !== 'refuse' && (said !== 'quarantine' || !roles.has('processor'))) return [];
  const { name } = unknownSensorSettings.unknownSensors;
  return [
    `${name} is ${said}, but this process cannot read the clients: name the Cassandra that holds them (TOCSIN_CASSANDRA_CONTACT_POINTS)`,
  ];
}
