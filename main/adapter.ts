import type { Registry } from 'prom-client';
import type { ReadRecord, RecordsRead } from '../message-log/records-read.ts';
import type { Topic } from '../records/topics.ts';
import type { Clock, SteadyClock } from '../runtime/clock.ts';
import type { Setting, Settings, Values } from '../runtime/configuration.ts';
import type { DiagnosisDeps, Finding } from '../runtime/diagnosis.ts';
import type { Health } from '../runtime/health.ts';
import type { Logger } from '../runtime/logging.ts';
import type { RemovalClock } from '../runtime/removal-clock.ts';
import type { Unencrypted } from '../runtime/unencrypted.ts';
import type { PortName, Ports } from './ports.ts';

/** Implements one port or several, on the data folder or a server. A row of the table in adapters.ts. */
export interface Adapter {
  /** Its name for people: `Kafka`. */
  readonly name: string;
  /** The setting that names the server and thereby chooses it. None: the data folder, which is used for every port without a server. */
  readonly namedBy?: Setting;
  /** Read in every process that has one of its ports open. */
  readonly settings: readonly Settings[];
  readonly ports: { readonly [P in PortName]?: PortAdapter<P> };
  /** A record whose time is ahead of the machine's clock by more than this is refused, ms. None: never. */
  readonly aheadMsMax?: number;
  /** Problems between its settings, one line each. */
  check?(config: Values): readonly string[];
  /** Which of its secrets its settings would send as they are; refused unless meant, see TOCSIN_INSECURE. */
  unencrypted?(config: Values): readonly Unencrypted[];
  /** For `npm run doctor`: checks the server as the system would use it, changes nothing, never rejects. */
  diagnose(config: Values, deps: DiagnosisDeps): Promise<readonly Finding[]>;
  /** For `npm run doctor`, of adapters of the log: visits all records of a topic and changes nothing. Rejects as the adapter does. */
  records?(config: Values, topic: Topic, visit: (record: ReadRecord) => void): Promise<RecordsRead>;
  /** For `npm run schema`; none: it needs no preparation, or has a program of its own. */
  readonly schema?: Schema;
}

export interface PortAdapter<P extends PortName> {
  /** Settings read besides the adapter's own when this port is open. */
  readonly settings?: readonly Settings[];
  /** Whether only one process at a time can use the port. */
  readonly exclusive?: true;
  /** Where people find its data on this machine; none: it is on a server. */
  place?(config: Values): string;
  /** Opens the port; the caller closes it. Rejects as the adapter's own documentation says. */
  open(opening: Opening): Promise<Ports[P]>;
}

/** Creates what has to exist on a server before the first start. */
export interface Schema {
  /** What it creates, as a line or two of the program's help. */
  readonly help: string;
  /** Creates what is missing and reports each step; repeating it changes nothing. Rejects if something could not be created. */
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

/** The parameters with which a port is opened. */
export interface Opening {
  readonly config: Values;
  readonly deps: AdapterDeps;
  /** The clock of `deps`, for a log that goes on from the time of its newest record. */
  readonly steadyClock: SteadyClock;
  /** Opened beside a system that may be running on the same data folder. */
  readonly beside: boolean;
  /** Aborted when the process begins to stop. */
  readonly signal: AbortSignal;
  /** Opens a resource that several ports of an adapter share, once, and closes it after them. */
  share<T extends { close(): Promise<void> }>(name: string, open: () => Promise<T>): Promise<T>;
}
