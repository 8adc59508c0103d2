import { connect } from 'node:net';
import type { Admin } from 'kafkajs';
import { pino } from 'pino';
import { type DiagnosisDeps, type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { KafkaConfig } from '../../kafka/config.ts';
import { clockOff, inWords, leadersOf, timeAt, timeLimitsOf } from './broker-time.ts';
import { Client } from '../../kafka/client.ts';
import { withAdmin } from '../../kafka/connection.ts';
import { describeTopics } from './topic-administration.ts';
import { compareTopics } from './topic-comparison.ts';
import { TIME_LIMITS, topicSpecs } from './topics.ts';

const NAME = 'Kafka';
/** The difference between clocks of proxies that detection tolerates. */
const CLOCK_OFF_MS = 2_000;

/** Checks each named broker, the log-in, the cluster, the topics and the clocks. See DiagnosisDeps. */
export async function diagnoseKafka(config: KafkaConfig, deps: DiagnosisDeps): Promise<readonly Finding[]> {
  const { timeoutMs } = deps;
  const brokers = await Promise.all(config.brokers.map((broker) => diagnoseBroker(broker, timeoutMs)));
  if (!brokers.some(({ ok }) => ok)) return brokers;
  try {
    const quick = { ...config, requestTimeoutMs: Math.min(config.requestTimeoutMs, timeoutMs) };
    const cluster = await withAdmin(quick, (admin) => diagnoseCluster(admin, config));
    return [...brokers, ...cluster, ...(await diagnoseClocks(quick, deps))];
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
    ? wrong(`${NAME} cluster`, `${found}; ${config.replicationFactor} replicas are wanted`, advice)
    : fine(`${NAME} cluster`, found);
  const specs = topicSpecs(config);
  const topics = compareTopics(specs, await describeTopics(admin, specs)).map(({ name, kind, text }) =>
    wrong(
      `${NAME} topic ${name}`,
      text,
      kind === 'missing' ? 'npm run topics creates it' : 'npm run topics -- --apply corrects what it can',
    ),
  );
  return [cluster, ...(topics.length > 0 ? topics : [fine(`${NAME} topics`, 'all exist and are set up as they should be')])];
}

/** Compares clocks with each broker that leads readings. No finding for brokers that can't be asked, for example by a user that may not write. */
async function diagnoseClocks(config: KafkaConfig, { clock, timeoutMs }: DiagnosisDeps): Promise<readonly Finding[]> {
  const name = `${config.prefix}ENTRY`;
  const client = new Client(config, [name], pino({ level: 'silent' }));
  try {
    await client.connect();
    const findings: Finding[] = [];
    for (const [node, partition] of leadersOf(client, name)) {
      const limits = await timeLimitsOf(client, node, name);
      const time = limits && (await timeAt(client, node, { name, partition }, limits, timeoutMs));
      if (time !== undefined) findings.push(clockFinding(node, clock() - time));
    }
    return findings;
  } catch {
    return [];
  } finally {
    await client.close();
  }
}

function clockFinding(node: number, offMs: number): Finding {
  const check = `${NAME} clock of broker ${node}`;
  if (Math.abs(offMs) < CLOCK_OFF_MS) return fine(check, 'agrees with the clock of this machine');
  const refused = offMs > TIME_LIMITS.afterMs || -offMs > TIME_LIMITS.beforeMs;
  const found = refused
    ? clockOff(node, offMs).message
    : `this machine's clock is ${inWords(Math.abs(offMs))} ${offMs > 0 ? 'ahead' : 'behind'}`;
  return wrong(check, found, 'synchronise the clocks of both machines by NTP');
}

async function diagnoseBroker(broker: string, timeoutMs: number): Promise<Finding> {
  const check = `${NAME} broker ${broker}`;
  const problem = await reach(broker, timeoutMs);
  return problem === undefined
    ? fine(check, 'reachable')
    : wrong(check, problem, 'start it, or give its address as reached from this machine in TOCSIN_KAFKA_BROKERS');
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
