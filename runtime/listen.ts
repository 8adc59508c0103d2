import { type AddressInfo, isIP, type Server } from 'node:net';
import { PermanentError } from './errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** How many connections may wait to be accepted. */
  readonly backlog?: number;
}

/** Whether only this machine can reach `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Listens and resolves with the port (a free one for 0). Rejects with PermanentError `cannot-listen`, which says which setting to change. */
export function listen(server: Server, { host, port, backlog = 511 }: Address, portSetting: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void =>
      reject(new PermanentError('cannot-listen', adviceFor(error, port, host, portSetting), { cause: error }));
    server.once('error', onError);
    server.listen({ host, port, backlog }, () => {
      server.off('error', onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function adviceFor({ code, message }: NodeJS.ErrnoException, port: number, host: string, portSetting: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is in use by another program: stop it, or set a free port, such as ${portSetting}=${port < 65_535 ? port + 1 : port - 1}`;
    case 'EACCES':
      return `port ${port} on ${host} may not be opened by this user: set ${portSetting} to a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine has no address ${host}: set TOCSIN_HOST to one it has`;
    default:
      return `cannot listen on ${host}:${port}: ${message}`;
  }
}
