import type { Registry } from 'prom-client';
import type { Clock, SteadyClock } from '../runtime/clock.ts';
import type { Setting, Settings, Values } from '../runtime/configuration.ts';
import type { DiagnosisDeps, Finding } from '../runtime/diagnosis.ts';
import type { Health } from '../runtime/health.ts';
import type { Logger } from '../runtime/logging.ts';
import type { RemovalClock } from '../runtime/removal-clock.ts';
import type { PortName, Ports } from './ports.ts';

/** What stands behind one port or several: the data folder, or a server. A row of the table in adapters.ts. */
export interface Adapter {
  /** As people call it: `Kafka`. */
  readonly name: string;
  /** The setting that names the server, and by that chooses it. None: the data folder, which holds what no server does. */
  readonly namedBy?: Setting;
  /** Read in every process that has one of its ports open. */
  readonly settings: readonly Settings[];
  readonly ports: { readonly [P in PortName]?: PortAdapter<P> };
  /** A record whose time is ahead of the machine's clock by more than this is refused, ms. None: never. */
  readonly aheadMsMax?: number;
  /** What is wrong between its settings, one line each. */
  check?(config: Values): readonly string[];
  /** For `npm run doctor`: looks at the server as the system would use it, changes nothing, never rejects. */
  diagnose(config: Values, deps: DiagnosisDeps): Promise<readonly Finding[]>;
  /** For `npm run schema`; none: it needs no preparation, or has a program of its own. */
  readonly schema?: Schema;
}

export interface PortAdapter<P extends PortName> {
  /** Read besides the adapter's own, where this port is open. */
  readonly settings?: readonly Settings[];
  /** Only one process at a time can use it. */
  readonly exclusive?: true;
  /** Where people find what it holds, on this machine; none: on a server. */
  place?(config: Values): string;
  /** Closed by whoever opened it. Rejects with what the adapter's own documentation says. */
  open(opening: Opening): Promise<Ports[P]>;
}

/** What has to be there before the first start. */
export interface Schema {
  /** What it makes, in a line or two of a program's help. */
  readonly help: string;
  /** Makes what is missing; repeating it changes nothing. Reports each step. Rejects where something could not be made. */
  prepare(config: Values, report: (line: string) => void): Promise<void>;
  /** The statements, for people who run them with their own tools. */
  statements?(config: Values): Promise<string>;
}

export interface AdapterDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
  readonly removalClock: RemovalClock;
}

/** What a port is opened with. */
export interface Opening {
  readonly config: Values;
  readonly deps: AdapterDeps;
  /** The clock of `deps`, for a log that goes on from the time of its newest record. */
  readonly steadyClock: SteadyClock;
  /** Opened beside a system that may be running on the same data folder. */
  readonly beside: boolean;
  /** Aborted when the process begins to stop. */
  readonly signal: AbortSignal;
  /** Opens once what several ports of an adapter share, and closes it after them. */
  share<T extends { close(): Promise<void> }>(name: string, open: () => Promise<T>): Promise<T>;
}
