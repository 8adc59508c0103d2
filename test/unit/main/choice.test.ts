import { describe, expect, it } from 'vitest';
import type { Adapter } from '../../../main/adapter.ts';
import { adapterOf, adaptersOf, doubleServers, exclusivePorts, missingServers, portsOf } from '../../../main/choice.ts';
import { ROLE_NAMES, rolesOf } from '../../../main/roles.ts';
import { setting } from '../../../runtime/configuration.ts';
import { z } from 'zod';

const named =
  (...settings: string[]) =>
  (setting: string): boolean =>
    settings.includes(setting);
const KAFKA = 'TOCSIN_KAFKA_BROKERS';
const CASSANDRA = 'TOCSIN_CASSANDRA_CONTACT_POINTS';
const INFLUX = 'TOCSIN_INFLUX_URL';

describe('servers that must be named', () => {
  it('are none where all roles share a process, whichever of them are named', () => {
    for (const servers of [[], [KAFKA], [CASSANDRA], [INFLUX], [KAFKA, INFLUX]])
      expect(missingServers(new Set(ROLE_NAMES), named(...servers))).toEqual([]);
  });

  it('are those that a role shares with roles in other processes', () => {
    const settingsFor = (...roles: string[]): string[] => missingServers(rolesOf(roles), named()).map((line) => line.split(' ')[0] ?? '');
    expect(settingsFor('proxy')).toEqual([KAFKA]);
    expect(settingsFor('processor')).toEqual([KAFKA]);
    expect(settingsFor('mailer')).toEqual([KAFKA, CASSANDRA]);
    expect(settingsFor('archiver')).toEqual([KAFKA, CASSANDRA]);
    expect(settingsFor('history')).toEqual([KAFKA, CASSANDRA, INFLUX]);
    expect(settingsFor('console')).toEqual([KAFKA, CASSANDRA, INFLUX]);
    expect(settingsFor('archiver', 'history', 'mailer', 'console')).toEqual([KAFKA]);
  });

  it('are named with the reason and both ways out', () => {
    const [line] = missingServers(rolesOf(['mailer']), named(KAFKA));
    expect(line).toMatch(/^TOCSIN_CASSANDRA_CONTACT_POINTS is not set/);
    expect(line).toContain('archiver, history and console would not share them with mailer');
    expect(line).toContain('Name the Cassandra of the cluster, or run archiver, history, mailer and console in one process');
  });
});

describe('what only one process can use', () => {
  it('is what its roles use and no server holds; mails in a folder are not', () => {
    expect([...exclusivePorts(rolesOf([]), named())].sort()).toEqual(['archive', 'directory', 'history', 'log']);
    expect(exclusivePorts(rolesOf(['proxy', 'processor']), named(KAFKA))).toEqual([]);
    expect(exclusivePorts(rolesOf(['history', 'console']), named(KAFKA, CASSANDRA))).toEqual(['history']);
  });
});

describe('what stands behind a port', () => {
  const namesFor = (roles: readonly string[], ...servers: string[]) =>
    adaptersOf(portsOf(rolesOf(roles)), named(...servers)).map(({ name }) => name);

  it('is the server that is named, else the data folder', () => {
    expect(namesFor([])).toEqual(['the data folder']);
    expect(namesFor(['console'], KAFKA, CASSANDRA, INFLUX, 'TOCSIN_SMTP_URL')).toEqual(['Kafka', 'Cassandra', 'InfluxDB']);
    expect(namesFor(['mailer'], KAFKA, CASSANDRA)).toEqual(['the data folder', 'Kafka', 'Cassandra']);
  });

  it('is one of two servers of a kind, never both', () => {
    const folder: Adapter = { name: 'folder', settings: [], ports: { history: port }, diagnose: async () => [] };
    const adapters: readonly Adapter[] = [folder, { ...folder, name: 'A', namedBy: A }, { ...folder, name: 'B', namedBy: B }];
    expect(adapterOf('history', named('TOCSIN_B'), adapters).name).toBe('B');
    expect(adapterOf('history', named(), adapters).name).toBe('folder');
    expect(doubleServers(['history'], named('TOCSIN_B'), adapters)).toEqual([]);
    expect(doubleServers(['history'], named('TOCSIN_A', 'TOCSIN_B'), adapters)).toEqual([
      expect.stringMatching(/TOCSIN_A and TOCSIN_B .* only one/),
    ]);
  });
});

const port = { open: () => Promise.reject(new Error('not opened here')) };
const A = setting('TOCSIN_A', z.string(), undefined, 'a server');
const B = setting('TOCSIN_B', z.string(), undefined, 'another server of its kind');
