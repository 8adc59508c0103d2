/** Apache Kafka as it comes from Maven Central: its class path, its tools, and how its JVM is started. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { classpathOf, type Dependency } from './maven.ts';

export interface Distribution {
  readonly version: string;
  readonly classpath: string;
  /** JVM flags for logging. */
  readonly logging: readonly string[];
  /** A class data archive, which saves a third of the CPU of a start; it may not exist yet. */
  readonly classArchive: string;
}

export interface ToolResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Only C1 and the serial collector: a start takes half the CPU. */
export const FAST_START = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xms128m', '-Xmx256m'] as const;
const TOOL_DEADLINE_MS = 60_000;

const CLASSES = {
  'kafka-topics': ['org.apache.kafka.tools.TopicCommand'],
  'kafka-configs': ['org.apache.kafka.tools.ConfigCommand', 'kafka.admin.ConfigCommand'],
  'kafka-acls': ['org.apache.kafka.tools.AclCommand', 'kafka.admin.AclCommand'],
  'kafka-console-producer': ['org.apache.kafka.tools.ConsoleProducer', 'kafka.tools.ConsoleProducer'],
  'kafka-console-consumer': ['org.apache.kafka.tools.consumer.ConsoleConsumer'],
  'kafka-consumer-groups': ['org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'],
  'kafka-transactions': ['org.apache.kafka.tools.TransactionsCommand'],
  'kafka-get-offsets': ['org.apache.kafka.tools.GetOffsetShell'],
  'kafka-storage': ['kafka.tools.StorageTool'],
} as const satisfies Readonly<Record<string, readonly [string, string?]>>;

/** The class of each of Kafka's own tools, then that of 3.9 if it is another. */
export type ToolName = keyof typeof CLASSES;

export async function kafkaDistribution(version: string): Promise<Distribution> {
  const classpath = await classpathOf(`kafka-${version}`, kafkaDependencies(version));
  const folder = dirname(dirname(classpath));
  return { version, classpath, classArchive: join(folder, 'classes.jsa'), logging: await loggingFlags(folder, version) };
}

/** JVM flags for the archive: most of what a tool needs are the broker's classes. None while it is being written. */
export const sharedClasses = ({ classArchive }: Distribution): string[] => (classArchive ? [`-XX:SharedArchiveFile=${classArchive}`] : []);

/** Runs one of Kafka's tools to its end, for a minute at most. */
export function runTool(distribution: Distribution, name: ToolName, args: readonly string[], input = ''): Promise<ToolResult> {
  const [current, older] = CLASSES[name] as readonly [string, string?];
  const main = distribution.version.startsWith('3.') ? (older ?? current) : current;
  const flags = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...sharedClasses(distribution), '-cp', distribution.classpath];
  const child = spawn('java', [...flags, main, ...args], { timeout: TOOL_DEADLINE_MS, killSignal: 'SIGKILL' });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      output[stream] += chunk.toString();
    });
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error('Java can not be started; Debian: apt install default-jre-headless', { cause: error })),
    );
    child.once('close', (code) => resolve({ code, ...output }));
  });
}

export function kafkaDependencies(version: string): Dependency[] {
  // It depends on a version of Jetty that isn't available, and none of the tools here need it.
  const tools = { artifact: `org.apache.kafka:kafka-tools:${version}`, without: ['org.apache.kafka:connect-runtime'] };
  const logging = version.startsWith('3.') ? 'org.slf4j:slf4j-reload4j:1.7.36' : 'org.apache.logging.log4j:log4j-slf4j-impl:2.25.5';
  return [`org.apache.kafka:kafka_2.13:${version}`, tools, logging];
}

async function loggingFlags(folder: string, version: string): Promise<string[]> {
  const file = join(folder, 'logging.properties');
  const old = version.startsWith('3.');
  if (!existsSync(file)) await writeFile(file, old ? LOG4J : LOG4J2);
  return [old ? `-Dlog4j.configuration=file:${file}` : `-Dlog4j2.configurationFile=${file}`];
}

const LOG4J2 = `rootLogger.level = info
rootLogger.appenderRef.o.ref = o
appender.o.type = Console
appender.o.name = o
appender.o.layout.type = PatternLayout
appender.o.layout.pattern = %d{ISO8601} %p %m (%c)%n
`;
const LOG4J = `log4j.rootLogger=INFO, o
log4j.appender.o=org.apache.log4j.ConsoleAppender
log4j.appender.o.layout=org.apache.log4j.PatternLayout
log4j.appender.o.layout.ConversionPattern=%d{ISO8601} %p %m (%c)%n
`;
