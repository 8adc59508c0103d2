import type { SteadyClock } from '../runtime/clock.ts';
import { Dispensable } from '../runtime/health.ts';
import type { Lifecycle } from '../runtime/lifecycle.ts';
import type { AdapterDeps, Opening } from './adapter.ts';
import { adapterOf } from './choice.ts';
import type { Config } from './configuration.ts';
import type { PortName, Ports } from './ports.ts';

interface Closable {
  close(): Promise<void>;
}

export interface OpenPortsOptions {
  readonly deps: AdapterDeps;
  /** The clock of `deps`. */
  readonly steadyClock: SteadyClock;
  readonly lifecycle: Lifecycle;
  /** Opened beside a system that may be running on the same data folder. */
  readonly beside?: boolean;
}

/** The ports of a process: each is loaded and opened when the first role asks for it, and closed after the last role has stopped. */
export class OpenPorts {
  readonly #config: Config;
  readonly #lifecycle: Lifecycle;
  readonly #opening: Opening;
  readonly #opened = new Map<string, Promise<unknown>>();

  constructor(config: Config, { deps, steadyClock, lifecycle, beside = false }: OpenPortsOptions) {
    this.#config = config;
    this.#lifecycle = lifecycle;
    this.#opening = {
      ...{ config: config.values, deps, steadyClock, beside, signal: lifecycle.signal },
      share: (name, open) => this.#once(name, open),
    };
  }

  /** Opens them one after the other, in the order of the list of names. Rejects as the adapter does. */
  async open<P extends PortName>(names: readonly P[]): Promise<Pick<Ports, P>> {
    const opened: [P, Closable][] = [];
    for (const name of names) opened.push([name, await this.#port(name)]);
    return Object.fromEntries(opened) as Pick<Ports, P>;
  }

  /** One that the roles of the process can work without: unless one that can't has opened it before, its problems are notices. Rejects as the adapter does. */
  openDispensable<P extends PortName>(name: P): Promise<Ports[P]> {
    const { deps } = this.#opening;
    return this.#port(name, { ...this.#opening, deps: { ...deps, health: new Dispensable(deps.health) } });
  }

  #port<P extends PortName>(name: P, opening = this.#opening): Promise<Ports[P]> {
    const adapter = adapterOf(name, this.#config.isSet).ports[name];
    if (!adapter) throw new Error(`no adapter holds ${name}`);
    return this.#once(name, () => adapter.open(opening));
  }

  /** A resource that an adapter opens for itself is registered before the adapter, and so closed after it. */
  #once<T extends Closable>(name: string, open: () => Promise<T>): Promise<T> {
    const known = this.#opened.get(name) as Promise<T> | undefined;
    if (known) return known;
    const opening = open().then((port) => {
      this.#lifecycle.onStop(name, () => port.close());
      return port;
    });
    this.#opened.set(name, opening);
    return opening;
  }
}
