import { Counter, type Registry } from 'prom-client';
import { counted } from './counted.ts';
import type { Health } from './health.ts';
import type { Logger } from './logging.ts';

/** What has rows: sensors' state, and the stores. */
export type RowKind = 'state' | 'client' | 'place' | 'alarm' | 'custody' | 'shown-state' | 'count';

export interface DamagedRowsDeps {
  readonly registry: Registry;
  readonly health: Health;
  readonly logger: Logger;
}

const PART = 'damaged rows';
const COUNTER = 'tocsin_rows_damaged_total';
/** Each damaged row is reported once; beyond this many, they are only counted. */
const NAMED_MAX = 1_000;

const ofProcess = new WeakMap<Registry, DamagedRows>();

/** That of the process, which has one registry. */
export function damagedRowsOf(deps: DamagedRowsDeps): DamagedRows {
  const rows = ofProcess.get(deps.registry) ?? new DamagedRows(deps);
  ofProcess.set(deps.registry, rows);
  return rows;
}

/** Tells of rows that can't be read: by key, never what is in them. A damaged row hides nothing but itself. */
export class DamagedRows {
  readonly #deps: DamagedRowsDeps;
  readonly #counter: Counter<'kind'>;
  readonly #named = new Set<string>();

  constructor(deps: DamagedRowsDeps) {
    this.#deps = deps;
    const help = 'Rows that could not be read since they are damaged, each counted once; the log names them';
    this.#counter = new Counter({ name: COUNTER, help, labelNames: ['kind'], registers: [deps.registry] });
  }

  /** May be called each time that the row is met. `consequence`: what is done without it. */
  found(kind: RowKind, key: string | number, consequence: string): void {
    const name = `${kind} ${key}`;
    if (this.#named.has(name) || this.#named.size >= NAMED_MAX) return;
    this.#named.add(name);
    this.#counter.inc({ kind });
    this.#deps.logger.error({ kind, key }, `a row is damaged: ${consequence}`);
    const more = this.#named.size >= NAMED_MAX ? 'at least ' : '';
    const rows = counted(this.#named.size, 'row is', 'rows are');
    this.#deps.health.notice(PART, `${more}${rows} damaged and left out; the log names ${this.#named.size === 1 ? 'it' : 'them'}`);
  }
}
