import { describe, expect, it } from 'vitest';
import { ROLE_NAMES, rolesOf } from '../../../main/roles.ts';

describe('the roles of a command line', () => {
  it('are all where none is named', () => {
    expect([...rolesOf([])]).toEqual(ROLE_NAMES);
  });

  it('are those that are named, each once', () => {
    expect([...rolesOf(['proxy', 'console', 'proxy'])].sort()).toEqual(['console', 'proxy']);
  });
});
