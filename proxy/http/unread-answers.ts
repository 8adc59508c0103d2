import type { Duplex } from 'node:stream';

/** What an answer is charged in addition to its body, for its head and the objects that wait with it. */
const ANSWER_BYTES = 1_024;
/** Stands for a connection that was closed for its unread bytes. */
const CLOSED = -1;

const UNREAD = Symbol('unread');
type Connection = Duplex & { [UNREAD]?: number };

export interface UnreadLimits {
  /** Bytes that one connection may leave unread. */
  readonly unreadBytesMax: number;
  /** Bytes that all connections together may leave unread. */
  readonly unreadBytesInAllMax: number;
}

/**
 * Answers that could not be sent yet because the client doesn't read. A connection that leaves too many is closed: its accepted records are kept, and a
 * client that never reads doesn't miss an answer. If all together leave too many, every connection with more than its share is closed.
 */
export class UnreadAnswers {
  bytes = 0;
  /** How many connections were closed. */
  closed = 0;
  /** How many connections have unread answers. */
  #connections = 0;
  readonly #limits: UnreadLimits;

  constructor(limits: UnreadLimits) {
    this.#limits = limits;
  }

  /** Whether the connection was closed here; its further input is ignored. */
  hasClosed(connection: Connection): boolean {
    return connection[UNREAD] === CLOSED;
  }

  /** An answer is about to be sent; returns its charge, bytes. */
  add(connection: Connection, bodyLength: number): number {
    const before = connection[UNREAD] ?? 0;
    if (connection.destroyed || before === CLOSED) return 0;
    const charge = bodyLength + ANSWER_BYTES;
    if (before === 0) this.#connections += 1;
    connection[UNREAD] = before + charge;
    this.bytes += charge;
    // A first answer is never too much.
    if (before > 0 && before + charge > this.#limit()) this.#close(connection);
    return charge;
  }

  /** The answer was sent. */
  remove(connection: Connection, charge: number): void {
    const before = connection[UNREAD] ?? 0;
    if (before <= 0 || charge === 0) return;
    connection[UNREAD] = before - charge;
    this.bytes -= charge;
    if (before === charge) this.#connections -= 1;
  }

  /** The connection is gone, and with it all of its unread answers. */
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
