/** Makes Kafka ready for Tocsin: `npm run topics`. */
import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseArgs, parseEnv } from 'node:util';
import { ConfigurationError, readSettings } from '../../runtime/configuration.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import { SETTINGS } from '../../settings.ts';
import { checkKafkaConfig, type KafkaConfig, kafkaSettings } from './config.ts';
import { withAdmin } from './connection.ts';
import { ensureTopics } from './topic-command.ts';
import { topicSpecs } from './topics.ts';

const HELP = `Usage: npm run topics [-- --apply]

Creates the topics that are missing in Kafka, and says what differs in those that are there. Deletes nothing, whatever happens.
Reads TOCSIN_KAFKA_BROKERS and the other settings of Kafka from the environment or from a file .env.

  --apply     also puts settings right, where that removes no records
  -h, --help  this text

Exit code: 0 all topics are as they should be, 1 something differs or went wrong, 2 wrong usage or settings.
`;

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
  const config = readKafkaConfig();
  const { lines, fit } = await withAdmin(config, (admin) => ensureTopics(admin, topicSpecs(config), values.apply));
  process.stdout.write(`${lines.join('\n')}\n`);
  return fit ? 0 : 1;
}

function readArguments(args: string[]) {
  try {
    const options = { apply: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } } as const;
    return { values: parseArgs({ args, options }).values };
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

/** Throws ConfigurationError. */
function readKafkaConfig(): KafkaConfig {
  const environment = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
  const known = Object.values(SETTINGS).flatMap((group) => Object.values(group).map(({ name }) => name));
  const config = readSettings(kafkaSettings, environment, known);
  const { brokers } = config;
  if (!brokers) throw new ConfigurationError([`${kafkaSettings.brokers.name} is not set: there is no Kafka to speak to`]);
  const problems = checkKafkaConfig(config);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { ...config, brokers };
}
