/**
 * Archives in the layout of the official ones, from parts of Maven Central: Kafka and Cassandra, with the scripts that the units call. `archives.ts FOLDER`.
 * What isn't there yet is made.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CASSANDRA_VERSION, cassandraClasspath, MODULE_FLAGS } from '../support/servers/cassandra.ts';
import { kafkaDistribution } from '../support/servers/kafka-distribution.ts';

const KAFKA_VERSION = '4.4.0';
const out = resolve(process.argv[2] ?? '.');
mkdirSync(out, { recursive: true });

const RUN_KAFKA =
  'exec java $KAFKA_HEAP_OPTS -XX:+UseSerialGC -XX:TieredStopAtLevel=1 $KAFKA_OPTS -Dlog4j2.configurationFile=$here/config/log4j2.properties -cp "$here/libs/*"';
const HERE = '#!/bin/sh\nhere=$(dirname "$(dirname "$(readlink -f "$0")")")\n';

await archive(`kafka_2.13-${KAFKA_VERSION}`, 'tgz', async (folder) => {
  const { classpath, logging } = await kafkaDistribution(KAFKA_VERSION);
  cpSync(dirname(classpath), join(folder, 'libs'), { recursive: true });
  mkdirSync(join(folder, 'config'));
  cpSync(logging[0]?.replace(/^.*=/, '') ?? '', join(folder, 'config/log4j2.properties'));
  script(folder, 'kafka-server-start.sh', `${HERE}${RUN_KAFKA} kafka.Kafka "$@"`);
  script(folder, 'kafka-storage.sh', `${HERE}${RUN_KAFKA} kafka.tools.StorageTool "$@"`);
  script(folder, 'kafka-topics.sh', `${HERE}${RUN_KAFKA} org.apache.kafka.tools.TopicCommand "$@" 2>/dev/null`);
});

await archive(`apache-cassandra-${CASSANDRA_VERSION}-bin`, 'tar.gz', async (folder) => {
  cpSync(dirname(await cassandraClasspath()), join(folder, 'lib'), { recursive: true });
  mkdirSync(join(folder, 'conf'));
  const flags = [
    ...MODULE_FLAGS,
    '-Dcassandra.config=file://$here/conf/cassandra.yaml',
    '-Dcassandra.logdir=$CASSANDRA_LOG_DIR',
    '-Dcassandra-foreground=yes',
  ];
  const main = `exec java ${flags.join(' ')} -Dcassandra.storagedir=/var/lib/cassandra -Xms$MAX_HEAP_SIZE -Xmx$MAX_HEAP_SIZE -Dcassandra.jmx.local.port=7199 $JVM_EXTRA_OPTS -cp "$here/conf:$here/lib/*" org.apache.cassandra.service.CassandraDaemon`;
  script(folder, 'cassandra', `${HERE}${main}`);
});

/** Written aside and renamed, so that an archive that is there is whole. */
async function archive(name: string, ending: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const file = join(out, `${name}.${ending}`);
  if (existsSync(file)) return;
  const aside = mkdtempSync(join(out, 'making-'));
  try {
    mkdirSync(join(aside, name));
    await fill(join(aside, name));
    execFileSync('tar', ['--create', '--gzip', '--file', join(aside, 'archive'), '--directory', aside, name]);
    renameSync(join(aside, 'archive'), file);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function script(folder: string, name: string, text: string): void {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'bin', name), `${text}\n`, { mode: 0o755 });
}
