import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/**
 * Prevents garbage that follows a complete request from being answered in place of the request, as Node does by default: an operator would read that an
 * action was refused although it was done. The connection ends after the request's own answer.
 */
export function answerBeforeClosing(server: Server): void {
  const latest = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => latest.set(request.socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const response = latest.get(socket);
    const pending = response?.req.complete && !response.writableFinished;
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else if (!pending) socket.end(BAD_REQUEST, () => socket.destroy());
    else if (!response.headersSent) response.shouldKeepAlive = false;
    else response.once('finish', () => socket.end());
  });
}
