/** Everything that comes in parts, in one array. */
export async function allOf<T>(parts: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(...part);
  return all;
}

/** An array as one part. */
export async function* onePart<T>(all: readonly T[]): AsyncGenerator<readonly T[]> {
  yield all;
}
