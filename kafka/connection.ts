import kafkajs, { type Admin, type KafkaConfig as ClientConfig, type SASLOptions } from 'kafkajs';
import { TransientError } from '../runtime/errors.ts';
import { readPem } from '../runtime/pem.ts';
import { type KafkaConfig, kafkaSettings } from './config.ts';

type ConnectionConfig = Pick<
  KafkaConfig,
  'brokers' | 'clientId' | 'requestTimeoutMs' | 'tls' | 'caFile' | 'certFile' | 'keyFile' | 'saslMechanism' | 'user' | 'password'
>;

/** What kafkajs needs to reach the brokers, with TLS and log-in as configured. */
export function connectionOf(config: ConnectionConfig): ClientConfig {
  const { saslMechanism: mechanism, user: username = '', password = '' } = config;
  const pem = (field: 'caFile' | 'certFile' | 'keyFile'): string | undefined => {
    const file = config[field];
    return file === undefined ? undefined : readPem(file, kafkaSettings[field].name);
  };
  const ca = pem('caFile');
  return {
    brokers: [...config.brokers],
    clientId: config.clientId,
    requestTimeout: config.requestTimeoutMs,
    connectionTimeout: config.requestTimeoutMs,
    ...(config.tls ? { ssl: { ...(ca ? { ca: [ca] } : {}), cert: pem('certFile'), key: pem('keyFile') } } : {}),
    ...(mechanism ? { sasl: { mechanism, username, password } as SASLOptions } : {}),
  };
}

/** Runs `work` with an admin connection, which is closed whatever happens. Rejects with TransientError `log-unavailable` if no broker accepts it. */
export async function withAdmin<T>(config: ConnectionConfig, work: (admin: Admin) => Promise<T>): Promise<T> {
  const quiet = { logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 2, initialRetryTime: 100 } };
  const admin = new kafkajs.Kafka({ ...connectionOf(config), ...quiet }).admin();
  try {
    await admin.connect().catch((error: unknown) => {
      throw new TransientError('log-unavailable', `no broker of ${config.brokers.join(', ')} accepts the connection`, { cause: error });
    });
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
