/** The id of an action. Also where the page came over plain HTTP from another machine, which `randomUUID` wouldn't do. */
export const newId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
