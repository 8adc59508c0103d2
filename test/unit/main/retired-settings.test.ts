import { describe, expect, it } from 'vitest';
import { BUILT_IN_TYPES } from '../../../alarm/alarm-type.ts';
import { readConfig } from '../../../main/configuration.ts';
import { rolesOf } from '../../../main/roles.ts';
import { PARTS } from '../../../main/settings-file/parts.ts';
import { readParts } from '../../../main/settings-file/read.ts';

const VALUES = { HITS: '5', WITHIN: '5m', SEVERITY: 'WARNING' };
const SETTINGS = BUILT_IN_TYPES.flatMap(({ name }) =>
  Object.entries(VALUES).map(([key, value]) => [`TOCSIN_${name.toUpperCase()}_${key}`, value] as const),
);

const refused = (name: string, value: string, role: string): string => {
  try {
    readConfig(rolesOf([role]), { TOCSIN_KAFKA_BROKERS: 'k:9092', [name]: value });
  } catch (error) {
    return String(error);
  }
  throw new Error(`${name} was taken`);
};

describe('a setting that moved into the settings file', () => {
  it.each(SETTINGS)('is refused, and what to write instead means the same: %s', (name, value) => {
    const [, instead = ''] =
      /is no longer a setting: remove it, and write (.*) into tocsin\.yaml/.exec(refused(name, value, 'processor')) ?? [];
    const { values, problems } = readParts(PARTS, instead);
    expect(problems).toEqual([]);
    const type = name.split('_')[1]?.toLowerCase();
    const expected = { HITS: { hits: 5 }, WITHIN: { within: 300_000 }, SEVERITY: { severity: 'WARNING' } }[name.split('_')[2] ?? ''];
    expect(values.types).toEqual(BUILT_IN_TYPES.map((each) => (each.name === type ? { ...each, ...expected } : each)));
  });

  it('is refused by roles that never read it too', () => {
    expect(refused('TOCSIN_SMOKE_HITS', '5', 'proxy')).toMatch(/TOCSIN_SMOKE_HITS is no longer a setting/);
  });

  it('is shown without a value that cannot be copied', () => {
    expect(refused('TOCSIN_SMOKE_HITS', '} #\n', 'processor')).toMatch(/smoke: \{ hits: … \}/);
  });

  it('may be there without a value', () => {
    expect(() => readConfig(rolesOf([]), { TOCSIN_SMOKE_HITS: '' })).not.toThrow();
  });
});
