import { connect } from 'node:net';
import type { Admin } from 'kafkajs';
import { type DiagnosisDeps, type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { KafkaConfig } from './config.ts';
import { withAdmin } from './connection.ts';
import { describeTopics } from './topic-administration.ts';
import { compareTopics } from './topic-comparison.ts';
import { topicSpecs } from './topics.ts';

const NAME = 'Kafka';

/** Each broker that is named, the log-in, the cluster, the topics. See DiagnosisDeps. */
export async function diagnoseKafka(config: KafkaConfig, { timeoutMs }: DiagnosisDeps): Promise<readonly Finding[]> {
  const brokers = await Promise.all(config.brokers.map((broker) => diagnoseBroker(broker, timeoutMs)));
  if (!brokers.some(({ ok }) => ok)) return brokers;
  try {
    const quick = { ...config, requestTimeoutMs: Math.min(config.requestTimeoutMs, timeoutMs) };
    return [...brokers, ...(await withAdmin(quick, (admin) => diagnoseCluster(admin, config)))];
  } catch (error) {
    const advice =
      'see TOCSIN_KAFKA_TLS, TOCSIN_KAFKA_SASL, TOCSIN_KAFKA_USER and TOCSIN_KAFKA_PASSWORD, and the rights of that user (npm run topics -- --acls)';
    return [...brokers, wrong(`${NAME} cluster`, reasonOf(error), advice)];
  }
}

async function diagnoseCluster(admin: Admin, config: KafkaConfig): Promise<readonly Finding[]> {
  const { brokers, clusterId } = await admin.describeCluster();
  const login = config.saslMechanism ? `signed in as ${config.user} (${config.saslMechanism})` : 'no log-in';
  const found = `${brokers.length === 1 ? 'one broker' : `${brokers.length} brokers`}, id ${clusterId}, ${config.tls ? 'TLS' : 'no TLS'}, ${login}`;
  const short = brokers.length < config.replicationFactor;
  const advice = 'start the missing brokers, or set TOCSIN_KAFKA_REPLICATION';
  const cluster = short
    ? wrong(`${NAME} cluster`, `${found}; ${config.replicationFactor} copies are wanted`, advice)
    : fine(`${NAME} cluster`, found);
  const specs = topicSpecs(config);
  const topics = compareTopics(specs, await describeTopics(admin, specs)).map(({ name, kind, text }) =>
    wrong(
      `${NAME} topic ${name}`,
      text,
      kind === 'missing' ? 'npm run topics makes it' : 'npm run topics -- --apply puts right what can be',
    ),
  );
  return [cluster, ...(topics.length > 0 ? topics : [fine(`${NAME} topics`, 'all are there, as they should be')])];
}

async function diagnoseBroker(broker: string, timeoutMs: number): Promise<Finding> {
  const check = `${NAME} broker ${broker}`;
  const problem = await reach(broker, timeoutMs);
  return problem === undefined
    ? fine(check, 'reachable')
    : wrong(check, problem, 'start it, or put its address into TOCSIN_KAFKA_BROKERS as it is reached from here');
}

function reach(address: string, timeoutMs: number): Promise<string | undefined> {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const end = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(timeoutMs, () => end(`no answer within ${timeoutMs / 1_000} s`));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(reasonOf(error)));
  });
}
