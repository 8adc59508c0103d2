import { createHmac } from 'node:crypto';

const ID_LENGTH = 12;
/** A row ends with it. Its text without it is what was signed. */
const MAC = /,"mac":"([\w-]{43})"\}$/;

/** A key that rows of the audit trail are signed with, derived from a secret. Only who has the secret can make a row that passes. */
export class AuditKey {
  /** Names the key in rows and to people; the key can't be derived from it. */
  readonly id: string;
  readonly #key: Buffer;

  constructor(secret: string | Buffer) {
    this.#key = createHmac('sha256', secret).update('tocsin audit trail').digest();
    this.id = this.mac('id').slice(0, ID_LENGTH);
  }

  mac(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }

  /** The text of a row with its signature. `text`: JSON of an object with members. */
  sign(text: string): string {
    return `${text.slice(0, -1)},"mac":"${this.mac(text)}"}`;
  }

  /** Whether this key has signed the row. */
  hasSigned(row: string): boolean {
    const mac = MAC.exec(row)?.[1];
    return mac !== undefined && mac === this.mac(row.replace(MAC, '}'));
  }
}
