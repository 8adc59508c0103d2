import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../main/configuration.ts';
import { rolesOf } from '../../../main/roles.ts';

describe('the configuration of a process', () => {
  it('has the settings of its roles and of no others', () => {
    const config = readConfig(rolesOf([]), { TOCSIN_MAIL_TO: 'alarms@example.org' });
    expect(config.of('mailer').to).toEqual(['alarms@example.org']);
    expect(config.of('log').retentionMs).toBeGreaterThan(0);
  });

  it('refuses a name that no role knows, whatever runs', () => {
    expect(() => readConfig(rolesOf([]), { TOCSIN_MAIL_TOO: 'x' })).toThrow(
      /TOCSIN_MAIL_TOO is not a setting; did you mean TOCSIN_MAIL_TO\?/,
    );
  });

  it('checks settings between each other for the roles that run', () => {
    expect(() => readConfig(rolesOf([]), { TOCSIN_HOST: '0.0.0.0' })).toThrow(/TOCSIN_SENSOR_MASTER_SECRET[\s\S]*TOCSIN_API_TOKEN/);
  });

  it('counts an empty value as not set', () => {
    expect(readConfig(rolesOf([]), { TOCSIN_KAFKA_BROKERS: '' }).isSet('TOCSIN_KAFKA_BROKERS')).toBe(false);
  });
});
