/** A list of checks, each told as soon as it is done. */
export interface Checks {
  /** `act` resolves with figures for the line, if there are any, and rejects if the check fails; resolves with whether it passed. */
  check(name: string, act: () => Promise<string | undefined>): Promise<boolean>;
  readonly passed: number;
  readonly failed: number;
}

export function startChecks(say: (line: string) => void): Checks {
  let [passed, failed] = [0, 0];
  return {
    check: async (name, act) => {
      const began = Date.now();
      const seconds = (): string => `${((Date.now() - began) / 1_000).toFixed(1)} s`;
      try {
        const figures = await act();
        passed += 1;
        say(`ok      ${name}${figures === undefined ? '' : `: ${figures}`} (${seconds()})`);
        return true;
      } catch (error) {
        failed += 1;
        say(`FAILED  ${name} (${seconds()})\n${error instanceof Error ? error.message : String(error)}`);
        return false;
      }
    },
    get passed() {
      return passed;
    },
    get failed() {
      return failed;
    },
  };
}

/** Rejects a check, and says why. */
export function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}
