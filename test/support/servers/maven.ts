/** Java programs from Maven Central, resolved by Maven itself and kept between runs. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `group:artifact:version`; `without`: dependencies that aren't needed, as `group:artifact`. */
export type Dependency = string | { readonly artifact: string; readonly without: readonly string[] };

const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

/** The folder for downloads of one program. */
export function cacheFolder(name: string): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tocsin-test', name);
}

/**
 * A class path (`FOLDER/lib/*`) with the dependencies and everything that they need to run. Fetched once for each set of dependencies;
 * rejects with Maven's output if they aren't available.
 */
export async function classpathOf(name: string, dependencies: readonly Dependency[]): Promise<string> {
  const pom = pomOf(name, dependencies);
  const folder = join(cacheFolder(name), createHash('sha256').update(pom).digest('hex').slice(0, 12));
  if (!existsSync(folder)) await fetchInto(folder, pom);
  return join(folder, 'lib', '*');
}

/** Fetched into another folder and renamed, so that a folder that exists is complete even if others fetch at the same time. */
async function fetchInto(folder: string, pom: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true });
  const aside = await mkdtemp(`${folder}.`);
  try {
    await writeFile(join(aside, 'pom.xml'), pom);
    await maven(['-f', join(aside, 'pom.xml'), COPY, '-DincludeScope=runtime', `-DoutputDirectory=${join(aside, 'lib')}`]);
    await rename(aside, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** Runs Maven; rejects with its output if it fails. */
export async function maven(args: readonly string[]): Promise<void> {
  const child = spawn('mvn', ['-q', '-B', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(new Error('Maven (mvn) can not be started; Debian: apt install maven', { cause: error })));
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`Maven ended with ${code}:\n${output.slice(-4_000)}`);
}

function pomOf(name: string, dependencies: readonly Dependency[]): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tocsin.test</groupId><artifactId>${name}</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>${dependencies.map(dependencyOf).join('')}
  </dependencies>
</project>
`;
}

function dependencyOf(dependency: Dependency): string {
  const { artifact, without } = typeof dependency === 'string' ? { artifact: dependency, without: [] } : dependency;
  const excluded = without.map((name) => `<exclusion>${coordinatesOf(name)}</exclusion>`).join('');
  return `\n    <dependency>${coordinatesOf(artifact)}${excluded && `<exclusions>${excluded}</exclusions>`}</dependency>`;
}

function coordinatesOf(text: string): string {
  const [group, artifact, version] = text.split(':');
  return `<groupId>${group}</groupId><artifactId>${artifact}</artifactId>${version ? `<version>${version}</version>` : ''}`;
}
