import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Kinds of requests that are counted separately. */
export const INGEST_PATHS = ['entry', 'ok', 'kafka-pixy', 'other'] as const;
export const PATH = { entry: 0, ok: 1, pixy: 2, other: 3 } as const;

const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const;
export const TOPIC = { ENTRY: 0, OK: 1 } as const;
const TOPIC_NAMES = ['ENTRY', 'OK'] as const;

/** Values that gauges read at a scrape. */
export interface Gauges {
  queueBytes(): number;
  unfinishedBytes(): number;
  waitingBytes(): number;
  /** How many requests were refused since their client had more than its share waiting. */
  overShare(): number;
  unreadBytes(): number;
  /** How many connections were closed because they didn't read their answers. */
  closedUnread(): number;
  connections(): Promise<number>;
  /** How often a key of each version of the master secret was right. */
  keysOfVersions(): ReadonlyMap<number, number>;
  revokedSensors(): number;
  revokedRequests(): number;
  forgottenNonces(): number;
}

/** Plain numbers on the hot path; prom-client gets them only at a scrape. */
export class ProxyMetrics {
  readonly commitSeconds: Histogram;
  readonly #requests = new Float64Array(INGEST_PATHS.length * STATUS_CLASSES.length);
  readonly #accepted = new Float64Array(TOPIC_NAMES.length);
  readonly #rejected = new Float64Array(TOPIC_NAMES.length);
  readonly #unknown = new Float64Array(TOPIC_NAMES.length);
  readonly #bytes = new Float64Array(TOPIC_NAMES.length);
  protocolErrors = 0;
  connectionsRefused = 0;

  constructor(registry: Registry) {
    this.commitSeconds = new Histogram({
      name: 'tocsin_ingest_commit_seconds',
      help: 'Time from receiving a group of records until it is durable',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      registers: [registry],
    });
    table(registry, 'tocsin_ingest_requests_total', 'Answers by kind of request and class of status', ['path', 'status'], (set) => {
      for (const [p, path] of INGEST_PATHS.entries())
        for (const [s, status] of STATUS_CLASSES.entries()) set({ path, status }, this.#requests[p * STATUS_CLASSES.length + s] ?? 0);
    });
    table(registry, 'tocsin_ingest_records_total', 'Records durable and records refused as invalid', ['topic', 'outcome'], (set) => {
      for (const [t, topic] of TOPIC_NAMES.entries()) {
        set({ topic, outcome: 'accepted' }, this.#accepted[t] ?? 0);
        set({ topic, outcome: 'rejected' }, this.#rejected[t] ?? 0);
      }
    });
    table(
      registry,
      'tocsin_ingest_unknown_refused_total',
      'Records refused since no client has their sensor (TOCSIN_UNKNOWN_SENSORS=refuse); also counted as rejected',
      ['topic'],
      (set) => {
        for (const [t, topic] of TOPIC_NAMES.entries()) set({ topic }, this.#unknown[t] ?? 0);
      },
    );
    table(registry, 'tocsin_ingest_bytes_total', 'Bytes of request bodies with durable records', ['topic'], (set) => {
      for (const [t, topic] of TOPIC_NAMES.entries()) set({ topic }, this.#bytes[t] ?? 0);
    });
    table(registry, 'tocsin_ingest_protocol_errors_total', 'Connections closed because their input was not HTTP or too slow', [], (set) =>
      set({}, this.protocolErrors),
    );
    table(registry, 'tocsin_ingest_connections_refused_total', 'Connections closed because there were too many', [], (set) =>
      set({}, this.connectionsRefused),
    );
  }

  answered(path: number, status: number): void {
    const cell = path * STATUS_CLASSES.length + Math.min(3, Math.floor(status / 100) - 2);
    this.#requests[cell] = (this.#requests[cell] ?? 0) + 1;
  }

  accepted(topic: 'ENTRY' | 'OK', records: number, bytes: number): void {
    const t = TOPIC[topic];
    this.#accepted[t] = (this.#accepted[t] ?? 0) + records;
    this.#bytes[t] = (this.#bytes[t] ?? 0) + bytes;
  }

  rejected(topic: 'ENTRY' | 'OK', records: number): void {
    const t = TOPIC[topic];
    this.#rejected[t] = (this.#rejected[t] ?? 0) + records;
  }

  /** Of the rejected records, those of sensors that no client has. */
  unknown(topic: 'ENTRY' | 'OK', records: number): void {
    const t = TOPIC[topic];
    this.#unknown[t] = (this.#unknown[t] ?? 0) + records;
  }
}

export function registerGauges(registry: Registry, gauges: Gauges): void {
  gauge(registry, 'tocsin_ingest_queue_bytes', 'Bytes that wait for the log, with a charge for each request', () => gauges.queueBytes());
  gauge(registry, 'tocsin_ingest_unfinished_bytes', 'Bytes of bodies that have begun to arrive', () => gauges.unfinishedBytes());
  gauge(registry, 'tocsin_ingest_waiting_bytes', 'Bytes of whole bodies that wait for their turn to be read', () => gauges.waitingBytes());
  table(
    registry,
    'tocsin_ingest_over_share_total',
    'Requests answered 429 since others sent too and their client had more than its share waiting to be read',
    [],
    (set) => set({}, gauges.overShare()),
  );
  gauge(registry, 'tocsin_ingest_unread_bytes', 'Bytes of answers not sent yet, with a charge for each answer', () => gauges.unreadBytes());
  table(registry, 'tocsin_ingest_unread_closed_total', 'Connections closed because they left too many answers unread', [], (set) =>
    set({}, gauges.closedUnread()),
  );
  table(
    registry,
    'tocsin_ingest_sensor_keys_total',
    'Sensors that showed a right key, once a connection, by version of the master secret that it derives from',
    ['version'],
    (set) => {
      for (const [version, keys] of gauges.keysOfVersions()) set({ version: String(version) }, keys);
    },
  );
  gauge(registry, 'tocsin_ingest_revoked_sensors', 'Sensors whose keys are no longer accepted', () => gauges.revokedSensors());
  table(
    registry,
    'tocsin_ingest_nonces_forgotten_total',
    'Signed requests accepted without their nonce being remembered, since there were too many',
    [],
    (set) => set({}, gauges.forgottenNonces()),
  );
  table(registry, 'tocsin_ingest_revoked_requests_total', 'Requests refused for the key of a revoked sensor', [], (set) =>
    set({}, gauges.revokedRequests()),
  );
  gauge(registry, 'tocsin_ingest_connections', 'Open connections', () => gauges.connections());
}

type Set = (labels: Record<string, string>, value: number) => void;

function table(registry: Registry, name: string, help: string, labelNames: string[], fill: (set: Set) => void): void {
  new Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      fill((labels, value) => this.inc(labels, value));
    },
  });
}

function gauge(registry: Registry, name: string, help: string, read: () => number | Promise<number>): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await read());
    },
  });
}
