import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROLE_NAMES } from '../../../main/roles.ts';
import { SETTING_NAMES } from '../../../main/settings.ts';

const condition = z.object({ condition: z.string() });
const service = z.object({
  image: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  secrets: z.array(z.union([z.string(), z.object({ source: z.string() })])).optional(),
  networks: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).optional(),
  depends_on: z.record(z.string(), condition).optional(),
  deploy: z.object({ resources: z.object({ limits: z.object({ memory: z.string(), pids: z.number() }) }) }),
  healthcheck: z.unknown().optional(),
  restart: z.string(),
  ports: z.array(z.string()).optional(),
});
const file = z.object({ services: z.record(z.string(), service), secrets: z.record(z.string(), z.object({ file: z.string() })) });
type Service = z.infer<typeof service>;

const read = (name: string) => file.parse(parse(readFileSync(`deploy/compose/${name}.yml`, 'utf8'), { merge: true, maxAliasCount: -1 }));
const [single, cluster] = [read('single'), read('cluster')];
const prepare = readFileSync('deploy/compose/prepare.sh', 'utf8');
const servicesOf = ({ services }: z.infer<typeof file>): [string, Service][] => Object.entries(services);
const isOurs = ([, { image }]: [string, Service]): boolean => image.startsWith('tocsin:');

describe.each([
  ['single', single],
  ['cluster', cluster],
] as const)('deploy/compose/%s.yml', (_name, compose) => {
  it('has images with exact tags, ours in the version of the package', () => {
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync('package.json', 'utf8')));
    for (const [name, { image }] of servicesOf(compose)) expect(image, name).toMatch(/:v?\d+\.\d+\.\d+$/);
    for (const [name, { image }] of servicesOf(compose).filter(isOurs)) expect(image, name).toBe(`tocsin:${version}`);
  });

  it('sets what there is to set, and secrets by a file that it mounts and that prepare.sh makes', () => {
    for (const [name, { environment = {}, secrets = [] }] of servicesOf(compose).filter(isOurs)) {
      for (const [setting, value] of Object.entries(environment)) {
        expect(SETTING_NAMES.current, `${name}: ${setting}`).toContain(setting);
        expect(setting, name).not.toMatch(/(?:TOKENS?|SECRET|PASSWORD|SMTP_URL)$/);
        if (setting.endsWith('_FILE')) expect(secrets, `${name}: ${setting}`).toContain(String(value).replace('/run/secrets/', ''));
      }
    }
    for (const [name, { file: path }] of Object.entries(compose.secrets)) expect(prepare, name).toContain(`keep ${path} `);
  });

  it('limits memory and processes of everything, and knows of everything whether it is well', () => {
    for (const [name, { healthcheck, restart, image }] of servicesOf(compose)) {
      // Ours have the image's own.
      if (!image.startsWith('tocsin:')) expect(healthcheck, name).toBeDefined();
      if (restart !== 'no') expect(restart, name).toBe('unless-stopped');
    }
  });

  it('publishes to other hosts only what HAProxy encrypts', () => {
    for (const [name, { ports = [] }] of servicesOf(compose))
      for (const port of ports) if (name !== 'load-balancer') expect(port, name).toMatch(/^127\.0\.0\.1:/);
  });
});

describe('deploy/compose/cluster.yml', () => {
  it('has two of each role, each with a name of its own for Kafka, after topics and schema are made', () => {
    for (const role of ROLE_NAMES) {
      const found = servicesOf(cluster).filter(([, { command }]) => command?.[0] === role);
      expect(found.map(([name]) => name)).toEqual([`${role}-1`, `${role}-2`]);
      for (const [name, { environment = {}, depends_on: after = {} }] of found) {
        expect(environment.TOCSIN_KAFKA_INSTANCE_ID, name).toBe(name);
        expect(after, name).toEqual({
          topics: { condition: 'service_completed_successfully' },
          schema: { condition: 'service_completed_successfully' },
        });
      }
    }
  });

  it('waits for servers until they are well, and for the nodes of Cassandra one after the other', () => {
    const [once, well] = ['service_completed_successfully', 'service_healthy'];
    for (const [name, { depends_on: after = {} }] of servicesOf(cluster))
      for (const [other, { condition: until }] of Object.entries(after))
        expect(until, `${name} after ${other}`).toBe(['topics', 'schema'].includes(other) ? once : well);
    expect(Object.keys(cluster.services['cassandra-2']?.depends_on ?? {})).toEqual(['cassandra-1']);
    expect(Object.keys(cluster.services['cassandra-3']?.depends_on ?? {})).toEqual(['cassandra-2']);
  });

  it('keeps Kafka, Cassandra and InfluxDB in a network that nothing gets out of', () => {
    const inside = servicesOf(cluster).filter(([name]) => /^(?:kafka-\d|cassandra-\d|influxdb)$/.test(name));
    expect(inside).toHaveLength(7);
    for (const [name, { networks = [] }] of inside)
      expect(Array.isArray(networks) ? networks : Object.keys(networks), name).toEqual(['inner']);
  });

  it('has every target of Prometheus, by its name', () => {
    const targets = [...readFileSync('deploy/prometheus/prometheus.yml', 'utf8').matchAll(/targets\/[\w-]+\.yml/g)].flatMap(([path]) =>
      z.array(z.object({ targets: z.array(z.string()) })).parse(parse(readFileSync(`deploy/prometheus/${path}`, 'utf8'))),
    );
    const hosts = targets.flatMap((each) => each.targets).map((target) => target.split(':')[0] ?? '');
    expect(hosts.filter((host) => host !== 'localhost' && !(host in cluster.services))).toEqual([]);
    const watched = servicesOf(cluster)
      .filter(([, { command }]) => ROLE_NAMES.some((role) => role === command?.[0]))
      .map(([name]) => name);
    expect(watched.filter((name) => !hosts.includes(name))).toEqual([]);
  });
});
