import type { Duplex } from 'node:stream';

/** What an answer is charged beside its body: its head, and the objects that wait with it. */
const ANSWER_BYTES = 1_024;
/** In the place of a connection's bytes: it was closed for them. */
const CLOSED = -1;

const UNREAD = Symbol('unread');
type Connection = Duplex & { [UNREAD]?: number };

export interface UnreadLimits {
  /** Bytes that one connection may leave unread. */
  readonly unreadBytesMax: number;
  /** Bytes that all together may. */
  readonly unreadBytesInAllMax: number;
}

/**
 * Answers that were given and not sent yet, since whoever asked doesn't read. A connection that leaves too many is closed: what was taken from it is kept, and a
 * sender that never reads doesn't miss an answer. Once all together leave too many, that is at once every connection with more than its share.
 */
export class UnreadAnswers {
  bytes = 0;
  /** How many connections were closed for it. */
  closed = 0;
  /** How many connections have left something unread. */
  #connections = 0;
  readonly #limits: UnreadLimits;

  constructor(limits: UnreadLimits) {
    this.#limits = limits;
  }

  /** Whether the connection was closed: what still comes from it isn't looked at. */
  hasClosed(connection: Connection): boolean {
    return connection[UNREAD] === CLOSED;
  }

  /** An answer begins its way; answers what it is charged. */
  add(connection: Connection, bodyLength: number): number {
    const before = connection[UNREAD] ?? 0;
    if (connection.destroyed || before === CLOSED) return 0;
    const charge = bodyLength + ANSWER_BYTES;
    if (before === 0) this.#connections += 1;
    connection[UNREAD] = before + charge;
    this.bytes += charge;
    // Nobody's first answer is too much.
    if (before > 0 && before + charge > this.#limit()) this.#close(connection);
    return charge;
  }

  /** It was sent. */
  remove(connection: Connection, charge: number): void {
    const before = connection[UNREAD] ?? 0;
    if (before <= 0 || charge === 0) return;
    connection[UNREAD] = before - charge;
    this.bytes -= charge;
    if (before === charge) this.#connections -= 1;
  }

  /** The connection is gone, and with it all that it has left unread. */
  forget(connection: Connection): void {
    const before = connection[UNREAD] ?? 0;
    if (before <= 0) return;
    this.bytes -= before;
    this.#connections -= 1;
    connection[UNREAD] = 0;
  }

  #limit(): number {
    const { unreadBytesMax, unreadBytesInAllMax } = this.#limits;
    return this.bytes <= unreadBytesInAllMax ? unreadBytesMax : Math.min(unreadBytesMax, unreadBytesInAllMax / this.#connections);
  }

  #close(connection: Connection): void {
    this.forget(connection);
    connection[UNREAD] = CLOSED;
    this.closed += 1;
    connection.destroy();
  }
}
