import type { Duplex } from 'node:stream';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, CLOSE, errorAnswer } from './answers.ts';
import type { SensorRequest } from './sensor-request.ts';
import type { UnreadAnswers } from './unread-answers.ts';

const LATEST = Symbol('latest');
type Connection = Duplex & { [LATEST]?: ServerResponse<SensorRequest> | undefined };

/** Remembers the newest request of its connection, so that whatever follows isn't answered in its place. */
export function expectAnswer(request: IncomingMessage, response: ServerResponse<SensorRequest>): void {
  const connection: Connection = request.socket;
  connection[LATEST] = response;
}

/** An answer that is forgotten once it is sent, so that an idle connection costs little. */
export class SensorResponse extends ServerResponse<SensorRequest> {
  unread: UnreadAnswers | undefined;
  #charge = 0;

  /** To be called once, before the answer is written. */
  begin(bodyLength: number): void {
    this.#charge = this.unread?.add(this.req.socket, bodyLength) ?? 0;
  }

  /** Called once the whole answer has been handed to the socket. */
  override detachSocket(socket: Socket): void {
    const connection: Connection = socket;
    if (connection[LATEST] === this) connection[LATEST] = undefined;
    this.unread?.remove(connection, this.#charge);
    super.detachSocket(socket);
  }
}

/**
 * Answers input that is not HTTP, or too slow, and closes the connection: whatever follows could be a smuggled request. Complete requests before it
 * still get their own answers, and nothing after them.
 */
export function answerProtocolError(error: NodeJS.ErrnoException, connection: Connection): void {
  if (error.code === 'ECONNRESET') connection.destroy();
  else if (!closesAfterAnswers(connection, answerTo(error))) endWith(connection, answerTo(error));
}

/** Refuses to become a tunnel. */
export function refuseTunnel(connection: Connection): void {
  // Node has let go of the connection: from here on, nobody else would notice that the client is gone, or reads nothing. An error that nobody listens to ends the process.
  connection.on('error', () => connection.destroy());
  connection.on('timeout', () => connection.destroy());
  const refusal = errorAnswer(405, 'CONNECT is not supported', CLOSE);
  if (!closesAfterAnswers(connection, refusal)) endWith(connection, refusal);
}

/** Whether answers are still to come; if so, the connection closes after them. A request that will never be complete gets `refusal`. */
function closesAfterAnswers(connection: Connection, refusal: Answer): boolean {
  const latest = connection[LATEST];
  if (latest === undefined || latest.writableFinished) return false;
  const { req: request } = latest;
  if (!request.complete) request.intake?.giveUp(request, refusal);
  if (!latest.headersSent) latest.shouldKeepAlive = false;
  else if (latest.listenerCount('finish', destroySoon) === 0) latest.on('finish', destroySoon);
  return true;
}

function destroySoon(this: ServerResponse): void {
  this.req.socket.destroySoon();
}

function endWith(connection: Connection, { status, headers, body }: Answer): void {
  if (!connection.writable) {
    if (connection.writableFinished) connection.destroy();
    return;
  }
  let head = `HTTP/1.1 ${status} ${PHRASES[status]}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  connection.end(`${head}\r\n${body}`, () => connection.destroy());
}

const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

function answerTo(error: NodeJS.ErrnoException & { readonly reason?: unknown }): Answer {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return errorAnswer(431, 'the headers are too large', CLOSE);
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return errorAnswer(413, 'the extensions of the chunks are too large', CLOSE);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return errorAnswer(408, 'the request was not complete in time', CLOSE);
    case 'HPE_INVALID_EOF_STATE':
      return errorAnswer(400, 'the connection was closed before the request was complete: is its Content-Length right?', CLOSE);
    default:
      return errorAnswer(400, typeof error.reason === 'string' ? `not valid HTTP: ${error.reason}` : 'not HTTP', CLOSE);
  }
}
