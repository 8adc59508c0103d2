/** Sensors that no client has: how this process treats them, and how it knows them. */
import { type UnknownSensorConfig, unknownSensorSettings } from '../directory/config.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { Values } from '../runtime/configuration.ts';
import type { AdapterDeps } from './adapter.ts';
import type { Config } from './configuration.ts';
import type { PortName, Ports } from './ports.ts';
import type { RoleName } from './roles.ts';

type Treatment = UnknownSensorConfig['unknownSensors'];

export class UnknownSensors {
  readonly #config: Pick<Config, 'values'>;
  readonly #deps: Pick<AdapterDeps, 'logger' | 'health' | 'registry'>;
  readonly #open: () => Promise<Pick<Ports, 'directory'>>;
  readonly #run: <R extends Running>(name: string, part: Promise<R>) => Promise<R>;
  #known: Promise<(sensor: number) => boolean> | undefined;

  constructor(
    config: Pick<Config, 'values'>,
    deps: Pick<AdapterDeps, 'logger' | 'health' | 'registry'>,
    open: () => Promise<Pick<Ports, 'directory'>>,
    run: <R extends Running>(name: string, part: Promise<R>) => Promise<R>,
  ) {
    this.#config = config;
    this.#deps = deps;
    this.#open = open;
    this.#run = run;
  }

  /** Of a process with the role of proxy or processor. */
  get treatment(): Treatment {
    return this.#config.values.get(unknownSensorSettings.unknownSensors);
  }

  /** Whether it is sure that no client has a sensor; one list for all roles of the process. Doesn't wait for the directory. */
  isUnknown(): Promise<(sensor: number) => boolean> {
    this.#known ??= this.#start();
    return this.#known;
  }

  async #start(): Promise<(sensor: number) => boolean> {
    const { KnownSensors } = await import('../directory/known-sensors.ts');
    const open = async (): Promise<Ports['directory']> => (await this.#open()).directory;
    const least = this.#config.values.get(unknownSensorSettings.clientsLeast);
    const known = await this.#run('known sensors', Promise.resolve(new KnownSensors({ ...this.#deps, open, least }).start()));
    return known.isUnknown;
  }
}

/** A line if this process would have to know the clients and can't read them. */
export function problemsOfUnknownSensors(roles: ReadonlySet<RoleName>, ports: readonly PortName[], values: Values): string[] {
  if (!roles.has('proxy') || ports.includes('directory')) return [];
  const { name } = unknownSensorSettings.unknownSensors;
  if (values.get(unknownSensorSettings.unknownSensors) !== 'refuse') return [];
  return [
    `${name} is refuse, but this process cannot read the clients: name the Cassandra that holds them (TOCSIN_CASSANDRA_CONTACT_POINTS)`,
  ];
}
