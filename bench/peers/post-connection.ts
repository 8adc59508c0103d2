import { connect, type Socket } from 'node:net';

/** The beginning of a response's status line; no other line of a response begins like this. */
const STATUS_LINE = Buffer.from('HTTP/1.1 ');
const ACCEPTED = Buffer.from('202');

/**
 * One kept-alive connection that posts ready bodies, one at a time. Minimal, since a generator that costs as much as the server would measure itself.
 * `onAnswer` is called once per request.
 */
export class PostConnection {
  readonly #socket: Socket;
  readonly #head: string;
  #onAnswer: ((accepted: boolean) => void) | undefined;

  /** `address`: what it is sent from. */
  constructor(url: URL, path: string, type = 'application/json', address?: string) {
    this.#head = `POST ${path} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: ${type}\r\ncontent-length: `;
    this.#socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true, localAddress: address });
    this.#socket.on('data', (chunk: Buffer) => this.#answer(chunk));
    this.#socket.on('error', () => this.#settle(false));
    this.#socket.on('close', () => this.#settle(false));
  }

  /** `body` is ASCII. */
  post(body: string, onAnswer: (accepted: boolean) => void): void {
    this.#onAnswer = onAnswer;
    this.#socket.write(`${this.#head}${body.length}\r\n\r\n${body}`, 'latin1');
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Assumes that answers are short and arrive in one chunk. */
  #answer(chunk: Buffer): void {
    const at = chunk.indexOf(STATUS_LINE);
    if (at >= 0) this.#settle(chunk.indexOf(ACCEPTED, at) === at + STATUS_LINE.length);
  }

  #settle(accepted: boolean): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(accepted);
  }
}
