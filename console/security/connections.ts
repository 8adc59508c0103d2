import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Most connections in all. */
  readonly max: number;
  /** Most connections from one network. */
  readonly perNetworkMax: number;
  /** The network that a socket counts for. Undefined: a reverse proxy, which has many clients and is bounded by `max` only. */
  readonly networkOf: (socket: Socket) => string | undefined;
}

/** Requests of a connection without an answer. Answers wait for the one before, and a live stream before them never ends; no browser sends a second request early. */
const UNANSWERED_MAX = 8;

/**
 * Bounds the connections of a server, so that a client that opens many doesn't shut out others. Beyond a limit the oldest connection is closed that is
 * idle or whose request hasn't arrived completely. So a client that sends requests gets in, even from the same address.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  /** With the network of each, in the order in which they were opened. */
  readonly #open = new Map<Socket, string | undefined>();
  readonly #perNetwork = new Map<string, number>();
  readonly #requests = new Map<Socket, IncomingMessage>();
  readonly #unanswered = new WeakMap<Socket, number>();
  #closed = 0;

  constructor(server: Server, limits: ConnectionLimits) {
    this.#limits = limits;
    server.on('connection', (socket: Socket) => this.#opened(socket));
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => this.#asked(request, response));
  }

  get size(): number {
    return this.#open.size;
  }

  /** How many were closed to make room, or because they asked on and on without an answer. */
  get closed(): number {
    return this.#closed;
  }

  #opened(socket: Socket): void {
    const network = this.#limits.networkOf(socket);
    this.#open.set(socket, network);
    if (network !== undefined) this.#perNetwork.set(network, (this.#perNetwork.get(network) ?? 0) + 1);
    socket.once('close', () => this.#gone(socket));
    if (network !== undefined && (this.#perNetwork.get(network) ?? 0) > this.#limits.perNetworkMax) this.#makeRoom(socket, network);
    else if (this.#open.size > this.#limits.max) this.#makeRoom(socket, this.#largest());
  }

  #asked(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#requests.set(socket, request);
    const unanswered = (this.#unanswered.get(socket) ?? 0) + 1;
    this.#unanswered.set(socket, unanswered);
    if (unanswered > UNANSWERED_MAX && this.#open.has(socket)) this.#close(socket);
    response.once('close', () => {
      this.#unanswered.set(socket, (this.#unanswered.get(socket) ?? 1) - 1);
      if (this.#requests.get(socket) === request) this.#requests.delete(socket);
    });
  }

  /** Closes a connection of that network, or of any if it is undefined; the new one itself if all others are being answered. */
  #makeRoom(opened: Socket, network: string | undefined): void {
    let victim = opened;
    for (const [socket, of] of this.#open) {
      if (socket === opened || (network !== undefined && of !== network) || this.#requests.get(socket)?.complete) continue;
      victim = socket;
      break;
    }
    this.#close(victim);
  }

  #close(socket: Socket): void {
    this.#closed += 1;
    // Now, because 'close' is emitted later, and more connections may be opened before that.
    this.#gone(socket);
    socket.destroy();
  }

  /** The network with the most connections. */
  #largest(): string | undefined {
    let largest: string | undefined;
    let most = 0;
    for (const [network, count] of this.#perNetwork) {
      if (count <= most) continue;
      largest = network;
      most = count;
    }
    return largest;
  }

  #gone(socket: Socket): void {
    if (!this.#open.has(socket)) return;
    const network = this.#open.get(socket);
    this.#open.delete(socket);
    this.#requests.delete(socket);
    if (network === undefined) return;
    const left = (this.#perNetwork.get(network) ?? 0) - 1;
    if (left > 0) this.#perNetwork.set(network, left);
    else this.#perNetwork.delete(network);
  }
}
