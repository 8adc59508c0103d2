import { existsSync } from 'node:fs';
import { type ZodType, z } from 'zod';
import { type ConfigOf, duration, flag, integer, secret, setting } from '../runtime/configuration.ts';
import type { Unencrypted } from '../runtime/unencrypted.ts';

const brokers: ZodType<readonly string[]> = z
  .string()
  .transform((list) => list.split(',').map((broker) => broker.trim()))
  .refine((list) => list.every((broker) => /^[^\s:/]+:\d{1,5}$/.test(broker)), 'must be a list such as kafka-1:9092,kafka-2:9092');

const file = z.string().refine((path) => existsSync(path), 'must be a file that exists');
const SASL = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** How to reach Kafka and what is kept there. Not used unless `brokers` is set. */
export const kafkaSettings = {
  brokers: setting('TOCSIN_KAFKA_BROKERS', brokers.optional(), undefined, 'Kafka brokers as host:port,host:port. Set: the log is Kafka.'),
  partitions: setting(
    'TOCSIN_KAFKA_PARTITIONS',
    integer(1, 1_000),
    '8',
    'Partitions of every topic; never change it once there are records.',
  ),
  replicationFactor: setting('TOCSIN_KAFKA_REPLICATION', integer(1, 32), '3', 'Replicas of every topic that is created.'),
  prefix: setting(
    'TOCSIN_KAFKA_PREFIX',
    z.string().regex(/^[A-Za-z0-9._-]{0,80}$/, 'may hold letters, digits, dots, dashes and underscores'),
    '',
    'Put before the names of topics, groups and transactions, so that installations can share a cluster.',
  ),
  clientId: setting('TOCSIN_KAFKA_CLIENT_ID', z.string().min(1), 'tocsin', "Name of this process in Kafka's logs and quotas."),
  instanceId: setting(
    'TOCSIN_KAFKA_INSTANCE_ID',
    z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,80}$/, 'may hold letters, digits, dots, dashes and underscores')
      .optional(),
    undefined,
    'A name that no other process of the same role has and that survives a restart: after a crash it takes its partitions up again at once.',
  ),
  sessionTimeoutMs: setting(
    'TOCSIN_KAFKA_SESSION_TIMEOUT',
    duration,
    '6s',
    'After this long without a sign of life a process loses its partitions.',
  ),
  appendTimeoutMs: setting(
    'TOCSIN_KAFKA_APPEND_TIMEOUT',
    duration,
    '12s',
    'How long records may wait for brokers before they are refused; longer than an election of leaders takes.',
  ),
  requestTimeoutMs: setting('TOCSIN_KAFKA_REQUEST_TIMEOUT', duration, '3s', 'How long a broker may take to answer.'),
  tls: setting('TOCSIN_KAFKA_TLS', flag, 'off', 'Speak TLS to the brokers.'),
  caFile: setting('TOCSIN_KAFKA_CA_FILE', file.optional(), undefined, "Certificates to trust (PEM) instead of the system's."),
  certFile: setting('TOCSIN_KAFKA_CERT_FILE', file.optional(), undefined, "This client's certificate (PEM)."),
  keyFile: setting('TOCSIN_KAFKA_KEY_FILE', file.optional(), undefined, "The certificate's private key (PEM)."),
  saslMechanism: setting('TOCSIN_KAFKA_SASL', z.enum(SASL).optional(), undefined, `How to log in: ${SASL.join(', ')}.`),
  user: setting('TOCSIN_KAFKA_USER', z.string().optional(), undefined, 'User to log in as.'),
  password: secret('TOCSIN_KAFKA_PASSWORD', z.string().optional(), 'Password of the user.'),
};

/** The settings once `brokers` is known to be set. */
export type KafkaConfig = ConfigOf<typeof kafkaSettings> & { readonly brokers: readonly string[] };

/** Settings that contradict each other, one line each. */
export function checkKafkaConfig(config: ConfigOf<typeof kafkaSettings>): string[] {
  const problems: string[] = [];
  if (!config.tls && (config.caFile || config.certFile || config.keyFile))
    problems.push('TOCSIN_KAFKA_TLS must be on for certificates to be used');
  if (Boolean(config.certFile) !== Boolean(config.keyFile)) problems.push('TOCSIN_KAFKA_CERT_FILE and TOCSIN_KAFKA_KEY_FILE go together');
  if (config.saslMechanism && !(config.user && config.password))
    problems.push('TOCSIN_KAFKA_SASL needs TOCSIN_KAFKA_USER and TOCSIN_KAFKA_PASSWORD');
  return problems;
}

/** SCRAM never sends the password, only proofs of it. */
export function unencryptedToKafka({ brokers = [], tls, saslMechanism }: ConfigOf<typeof kafkaSettings>): Unencrypted[] {
  if (tls || saslMechanism !== 'plain') return [];
  const hosts = brokers.map((broker) => broker.replace(/:\d+$/, ''));
  return [{ what: 'TOCSIN_KAFKA_PASSWORD (SASL plain)', hosts, instead: 'set TOCSIN_KAFKA_TLS=on, or TOCSIN_KAFKA_SASL=scram-sha-512' }];
}
