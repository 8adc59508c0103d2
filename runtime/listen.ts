import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PermanentError } from './errors.ts';

/** Listens and resolves with the port (a free one for 0). Rejects with PermanentError that says which setting to change. */
export function listen(server: Server, port: number, host: string, portSetting: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void =>
      reject(new PermanentError('cannot-listen', adviceFor(error, port, host, portSetting), { cause: error }));
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function adviceFor({ code, message }: NodeJS.ErrnoException, port: number, host: string, portSetting: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is in use by another program: stop it, or set ${portSetting} to a free port`;
    case 'EACCES':
      return `port ${port} of ${host} may not be opened by this user: set ${portSetting} to a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine has no address ${host}: set TOCSIN_HOST to one it has`;
    default:
      return `cannot listen on ${host}:${port}: ${message}`;
  }
}
