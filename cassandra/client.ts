import { Client, policies, types } from 'cassandra-driver';
import { readPem } from '../runtime/pem.ts';
import { type CassandraConfig, cassandraSettings, DEFAULT_PORT, usesTls } from './config.ts';

type OperationInfo = policies.retry.OperationInfo;

/** After this share of a request's time limit another node is asked as well, so that a slow one delays nobody. */
const SPECULATE_AFTER = 0.05;
const SPECULATIONS_MAX = 2;
/**
 * Share of a request's time limit that one attempt on one node may take, so that a second one still fits. Of the default 5 s it is more than the 2 s
 * after which a node reports why it can't write, and the 2.5 s after which a node that has just started, or that reads a new table, asks another
 * replica instead of a dead one.
 */
const ATTEMPT = 0.55;
const RETRIES_MAX = 3;
const RECONNECT_FIRST_MS = 250;
/** Short, because alarms wait up to this long after a node is back. */
const RECONNECT_MAX_MS = 5_000;
const HEARTBEAT_MS = 5_000;

/** A driver that isn't connected yet. All our statements are idempotent, so a failed one is tried on other nodes. Throws PermanentError `file` if the CA's file can't be read. */
export function createClient(config: CassandraConfig): Client {
  const { contactPoints = [], user, password, timeoutMs } = config;
  const attemptMs = Math.max(1, Math.round(timeoutMs * ATTEMPT));
  return new Client({
    contactPoints: contactPoints.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)),
    localDataCenter: config.dataCentre,
    // Nodes report the addresses of other nodes, without ports.
    protocolOptions: { port: contactPoints[0]?.port ?? DEFAULT_PORT },
    ...(user !== undefined && password !== undefined ? { credentials: { username: user, password } } : {}),
    ...(usesTls(config)
      ? { sslOptions: { rejectUnauthorized: true, ...(config.tlsCa ? { ca: [readPem(config.tlsCa, cassandraSettings.tlsCa.name)] } : {}) } }
      : {}),
    policies: {
      retry: new ElsewhereRetry(),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(RECONNECT_FIRST_MS, RECONNECT_MAX_MS, false),
      speculativeExecution: new policies.speculativeExecution.ConstantSpeculativeExecutionPolicy(
        Math.round(timeoutMs * SPECULATE_AFTER),
        SPECULATIONS_MAX,
      ),
    },
    pooling: { heartBeatInterval: HEARTBEAT_MS },
    socketOptions: { readTimeout: attemptMs, connectTimeout: attemptMs, defunctReadTimeoutThreshold: 8 },
    queryOptions: { prepare: true, isIdempotent: true },
  });
}

export function consistencyOf(name: CassandraConfig['readConsistency']): types.consistencies {
  const camel = name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return types.consistencies[camel as keyof typeof types.consistencies];
}

/** Sends a failed request to the next node, a few times, whatever the failure. */
class ElsewhereRetry extends policies.retry.RetryPolicy {
  override onUnavailable(info: OperationInfo, consistency: types.consistencies) {
    return this.#elsewhere(info, consistency);
  }

  override onReadTimeout(info: OperationInfo, consistency: types.consistencies) {
    return this.#elsewhere(info, consistency);
  }

  override onWriteTimeout(info: OperationInfo, consistency: types.consistencies) {
    return this.#elsewhere(info, consistency);
  }

  override onRequestError(info: OperationInfo, consistency: types.consistencies) {
    return this.#elsewhere(info, consistency);
  }

  #elsewhere({ nbRetry }: OperationInfo, consistency: types.consistencies) {
    return nbRetry < RETRIES_MAX ? this.retryResult(consistency, false) : this.rethrowResult();
  }
}
