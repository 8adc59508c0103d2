/** Makes Kafka ready for Tocsin: `npm run topics`. */
import { z } from 'zod';
import { checkKafkaConfig, type KafkaConfig, kafkaSettings, unencryptedToKafka } from '../../kafka/config.ts';
import { withAdmin } from '../../kafka/connection.ts';
import { topicSpecs } from '../../message-log/kafka/topics.ts';
import { command, flag, option } from '../../runtime/command-line.ts';
import { ConfigurationError, readValues } from '../../runtime/configuration.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { TransientError } from '../../runtime/errors.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { runProgram } from '../../runtime/program.ts';
import { refusedCrossings } from '../configuration.ts';
import { SETTING_NAMES } from '../settings.ts';
import { aclCommands, createAcls } from './acl-command.ts';
import { ensureTopics, type Outcome } from './topic-command.ts';

const principal = z.string().includes('ROLE', { error: 'must have ROLE in it, since each role has a user of its own' });

const TOPICS = command({
  name: 'npm run topics',
  summary: 'Creates the topics that are missing in Kafka, and reports what differs in those that are there. Never deletes anything.',
  about: ['Kafka is the one that TOCSIN_KAFKA_BROKERS and the other settings of Kafka name.'],
  options: {
    apply: flag('also corrects settings, where that removes no records'),
    acls: flag(
      'instead prints the commands of kafka-acls that allow each role just what it needs; with --apply creates these ACLs, and reports what the roles may do besides',
    ),
    principal: option('NAME', principal, 'whom the ACLs are for; ROLE stands for proxy, processor, …', 'User:tocsin-ROLE'),
  },
  exitCodes: { 0: 'all is as it should be', 1: 'something differs or went wrong' },
  run: async ({ options }) => {
    const { lines, fit } = await work(readKafkaConfig(), options);
    process.stdout.write(`${lines.join('\n')}\n`);
    return fit ? 0 : 1;
  },
});

interface Work {
  readonly apply: boolean;
  readonly acls: boolean;
  readonly principal: string;
}

async function work(config: KafkaConfig, { apply, acls, principal }: Work): Promise<Outcome> {
  const options = { prefix: config.prefix, principal };
  if (acls && !apply) return { lines: aclCommands(options, config.brokers), fit: true };
  try {
    return await withAdmin(config, (admin) => (acls ? createAcls(admin, options) : ensureTopics(admin, topicSpecs(config), apply)));
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('KafkaJS'))
      throw new TransientError('kafka', error.message, { cause: error.cause });
    throw error;
  }
}

/** Throws ConfigurationError. */
function readKafkaConfig(): KafkaConfig {
  const values = readValues([kafkaSettings, { insecure: processSettings.insecure }], readEnvironment(), SETTING_NAMES);
  const config = values.of(kafkaSettings);
  const { brokers } = config;
  if (!brokers) throw new ConfigurationError([`${kafkaSettings.brokers.name} is not set: there is no Kafka to speak to`]);
  const problems = [...checkKafkaConfig(config), ...refusedCrossings([{ unencrypted: () => unencryptedToKafka(config) }], values)];
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { ...config, brokers };
}

await runProgram(TOPICS, process.argv.slice(2));
