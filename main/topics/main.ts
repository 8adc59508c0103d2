/** Makes Kafka ready for Tocsin: `npm run topics`. */
import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseArgs, parseEnv } from 'node:util';
import { ConfigurationError, readSettings } from '../../runtime/configuration.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import { SETTING_NAMES } from '../settings.ts';
import { aclCommands, createAcls } from './acl-command.ts';
import { checkKafkaConfig, type KafkaConfig, kafkaSettings } from '../../message-log/kafka/config.ts';
import { withAdmin } from '../../message-log/kafka/connection.ts';
import { ensureTopics, type Outcome } from './topic-command.ts';
import { topicSpecs } from '../../message-log/kafka/topics.ts';

const HELP = `Usage: npm run topics [-- [--apply] [--acls [--principal User:tocsin-ROLE]]]

Creates the topics that are missing in Kafka, and says what differs in those that are there. Deletes nothing, whatever happens.
Reads TOCSIN_KAFKA_BROKERS and the other settings of Kafka from the environment or from a file .env.

  --apply           also puts settings right, where that removes no records
  --acls            instead prints the commands of kafka-acls that allow each role just what it needs; with --apply
                    creates these ACLs, and says what the roles may do besides
  --principal NAME  whom they are for, ROLE standing for proxy, processor, …; User:tocsin-ROLE where it is not given
  -h, --help        this text

Exit code: 0 all is as it should be, 1 something differs or went wrong, 2 wrong usage or settings.
`;

const OPTIONS = {
  apply: { type: 'boolean', default: false },
  acls: { type: 'boolean', default: false },
  principal: { type: 'string', default: 'User:tocsin-ROLE' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

interface Options {
  readonly apply: boolean;
  readonly acls: boolean;
  readonly principal: string;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const expected = [ConfigurationError, PermanentError, TransientError].some((kind) => error instanceof kind);
  const words = expected || (error instanceof Error && error.name.startsWith('KafkaJS')) ? reasonOf(error) : inspect(error);
  process.stderr.write(`topics: ${words}\n`);
  process.exitCode = error instanceof ConfigurationError ? 2 : 1;
}

async function run(args: string[]): Promise<number> {
  const { values, problem } = readArguments(args);
  if (values?.help) process.stdout.write(HELP);
  if (!values || values.help) {
    if (problem) process.stderr.write(`topics: ${problem}\n\n${HELP}`);
    return problem ? 2 : 0;
  }
  const { lines, fit } = await work(readKafkaConfig(), values);
  process.stdout.write(`${lines.join('\n')}\n`);
  return fit ? 0 : 1;
}

async function work(config: KafkaConfig, { apply, acls, principal }: Options): Promise<Outcome> {
  if (!acls) return await withAdmin(config, (admin) => ensureTopics(admin, topicSpecs(config), apply));
  const options = { prefix: config.prefix, principal };
  if (!apply) return { lines: aclCommands(options, config.brokers), fit: true };
  return await withAdmin(config, (admin) => createAcls(admin, options));
}

function readArguments(args: string[]) {
  try {
    const { values } = parseArgs({ args, options: OPTIONS });
    if (!values.principal.includes('ROLE')) return { problem: `--principal must have ROLE in it: each role has a user of its own` };
    return { values };
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

/** Throws ConfigurationError. */
function readKafkaConfig(): KafkaConfig {
  const environment = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
  const config = readSettings(kafkaSettings, environment, SETTING_NAMES);
  const { brokers } = config;
  if (!brokers) throw new ConfigurationError([`${kafkaSettings.brokers.name} is not set: there is no Kafka to speak to`]);
  const problems = checkKafkaConfig(config);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { ...config, brokers };
}
