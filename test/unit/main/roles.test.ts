import { describe, expect, it } from 'vitest';
import { ROLE_NAMES, rolesOf } from '../../../main/roles.ts';

describe('the roles of a command line', () => {
  it('are all where none is named', () => {
    expect([...rolesOf([])]).toEqual(ROLE_NAMES);
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
