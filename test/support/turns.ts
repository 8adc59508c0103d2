/** How many turns the rest of the process gets while `work` is done. */
export async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let next = setImmediate(function turn() {
    turns += 1;
    next = setImmediate(turn);
  });
  await work.finally(() => clearImmediate(next));
  return turns;
}
