import { describe, expect, it } from 'vitest';
import { embeddedStores, missingServers, ROLES, rolesOf } from '../../../main/roles.ts';

const named =
  (...settings: string[]) =>
  (setting: string): boolean =>
    settings.includes(setting);
const KAFKA = 'TOCSIN_KAFKA_BROKERS';
const CASSANDRA = 'TOCSIN_CASSANDRA_CONTACT_POINTS';
const INFLUX = 'TOCSIN_INFLUX_URL';

describe('the roles of a command line', () => {
  it('are all where none is named', () => {
    expect([...rolesOf([])]).toEqual([...ROLES]);
  });

  it('are those that are named, each once', () => {
    expect([...rolesOf(['proxy', 'console', 'proxy'])].sort()).toEqual(['console', 'proxy']);
  });

  it('that do not exist are all refused, with what was probably meant', () => {
    expect(() => rolesOf(['proxi', 'mailer', 'procesor'])).toThrow(
      /proxi is not a role.*did you mean proxy\?[\s\S]*did you mean processor\?/,
    );
    expect(() => rolesOf(['--port'])).toThrow(/--port is not a role.*--help/);
  });
});

describe('servers that must be named', () => {
  it('are none where all roles share a process, whichever of them are named', () => {
    for (const servers of [[], [KAFKA], [CASSANDRA], [INFLUX], [KAFKA, INFLUX]])
      expect(missingServers(new Set(ROLES), named(...servers))).toEqual([]);
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

describe('embedded stores', () => {
  it('are those that roles use and no server holds', () => {
    expect(embeddedStores(rolesOf([]), named())).toEqual(['log', 'directory', 'archive', 'history']);
    expect(embeddedStores(rolesOf(['proxy', 'processor']), named(KAFKA))).toEqual([]);
    expect(embeddedStores(rolesOf(['history', 'console']), named(KAFKA, CASSANDRA))).toEqual(['history']);
  });
});
