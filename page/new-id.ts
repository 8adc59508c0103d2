/** The id of an action. Not by `randomUUID`, which is missing in pages that came over plain HTTP from another machine. */
export const newId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** The same as a UUID of version 4. */
export function newUuid(): string {
  const [digits, variant] = [newId(), 8 + ((crypto.getRandomValues(new Uint8Array(1))[0] as number) % 4)];
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant.toString(16)}${digits.slice(17, 20)}-${digits.slice(20)}`;
}
