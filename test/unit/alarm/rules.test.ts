import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES, type Rule, type Rules, validateRules } from '../../../alarm/rules.ts';

const smoke = (rule: Partial<Rule>): Rules => ({ ...DEFAULT_RULES, smoke: { ...DEFAULT_RULES.smoke, ...rule } });

it('has motion raise an alarm at once, smoke and heat on the third hit, however long that takes', () => {
  expect(DEFAULT_RULES).toEqual({
    motion: { hits: 1, within: undefined, severity: 'MINOR' },
    smoke: { hits: 3, within: undefined, severity: 'CRITICAL' },
    temperature: { hits: 3, within: undefined, severity: 'MAJOR' },
  });
});

describe('validateRules', () => {
  it.each([DEFAULT_RULES, smoke({ within: 60_000 }), smoke({ within: 1 }), smoke({ hits: 100 })])(
    'finds nothing wrong with %j',
    (rules) => {
      expect(validateRules(rules)).toEqual([]);
    },
  );

  it.each([0, 101, 1.5, Number.NaN])('refuses %d hits', (hits) => {
    expect(validateRules(smoke({ hits }))).toEqual(['smoke: hits must be a whole number from 1 to 100']);
  });

  it.each([0, -1, 0.5, Number.POSITIVE_INFINITY])('refuses a span of %d ms', (within) => {
    expect(validateRules(smoke({ within }))).toEqual(['smoke: within must be a whole number of ms above 0']);
  });

  it('reports all problems at once', () => {
    const { motion, temperature } = DEFAULT_RULES;
    const rules = { motion: { ...motion, severity: 'BAD', hits: 0 }, temperature: { ...temperature, within: 0 } } as unknown as Rules;
    expect(validateRules(rules)).toEqual([
      'motion: hits must be a whole number from 1 to 100',
      'motion: severity must be one of CRITICAL, MAJOR, MINOR, WARNING',
      'smoke: there is no rule',
      'temperature: within must be a whole number of ms above 0',
    ]);
  });
});
