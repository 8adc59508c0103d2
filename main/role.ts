import type { Setting, Settings, Values } from '../runtime/configuration.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { OperationsAccess } from '../runtime/operations-access.ts';
import type { Unencrypted } from '../runtime/unencrypted.ts';
import type { TypeSet } from '../alarm/type-set.ts';
import type { AdapterDeps } from './adapter.ts';
import type { UnknownSensors } from './unknown-sensors.ts';
import type { PortName, Ports } from './ports.ts';

/** A role that a process can take. A row of the table in roles.ts. */
export interface Role<P extends PortName = PortName> {
  /** What it does, for the help of `npm start` and the list of settings. */
  readonly summary: string;
  /** The ports that it uses; it gets them opened. */
  readonly uses: readonly P[];
  /** Ports that it can do without: it may use those that are on a server, or in a data folder that this process uses anyway. */
  readonly mayUse?: readonly PortName[];
  readonly settings: readonly Settings[];
  /** The setting of the port that it listens on; none: it has no HTTP of its own. */
  readonly listensOn?: Setting<number>;
  /** A path of that port that no other role answers with 200, to anybody: by it the doctor knows the role. */
  readonly knownBy?: string;
  /** Problems between its settings, one line each. */
  check?(config: Values): readonly string[];
  /** What comes to it over HTTP; refused unless encrypted or meant, see TOCSIN_INSECURE. */
  unencrypted?(config: Values): readonly Unencrypted[];
  /** Resolves once it can do its work, but for what `afterAll` waits for, with the addresses where it can be reached. */
  start(context: RoleContext<P>): Promise<Addresses>;
}

export interface RoleDeps extends AdapterDeps {
  /** The types of alarms to detect. */
  readonly types: TypeSet;
  /** Who is told more than yes or no at /readyz and /metrics. */
  readonly operationsAccess: OperationsAccess;
  /** Resolves once this process would raise and mail a fire, or a minute after the start: work that can wait begins then. Never rejects. */
  readonly fireReady: Promise<void>;
}

export interface RoleContext<P extends PortName> {
  readonly config: Values;
  readonly deps: RoleDeps;
  readonly ports: Pick<Ports, P>;
  readonly unknownSensors: UnknownSensors;
  /** Waits for a part to start, and stops it when its turn comes. */
  run<R extends Running>(name: string, part: Promise<R>): Promise<R>;
  /** The process is ready only once this has resolved, but no other role waits for it. The start fails if it rejects. */
  afterAll(work: Promise<void>): void;
  /** As `afterAll`, for what has to be done before a fire is raised: `fireReady` waits for it. */
  beforeFire(work: Promise<void>): void;
}

/** The addresses of the process, by what is served there. */
export interface Addresses {
  readonly ingestPort?: number;
  readonly consoleUrl?: string;
  /** A link that signs one operator in, once. */
  readonly signInUrl?: string;
  readonly operationsPort?: number;
}
