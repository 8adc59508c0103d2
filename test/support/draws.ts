/** What a property test draws: PROPERTY_SEED (0 unless it says otherwise) makes it other cases, PROPERTY_ROUNDS (1) so many times as many. */
export function drawn(numRuns: number, seed: number): { readonly numRuns: number; readonly seed: number } {
  return { numRuns: Math.ceil(numRuns * from('PROPERTY_ROUNDS', 1)), seed: seed + from('PROPERTY_SEED', 0) * 1_000 };
}

function from(name: string, usual: number): number {
  const value = Number(process.env[name] ?? usual);
  if (!(value >= 0)) throw new Error(`${name} must be a number, 0 or more`);
  return value;
}
