/** The id of an action. Not by `randomUUID`, which is missing in pages that came over plain HTTP from another machine. */
export const newId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
