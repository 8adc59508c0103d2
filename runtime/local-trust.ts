import type { IncomingMessage } from 'node:http';
import { hostNameIn, isNameOfPages, isPublicUrl } from './host-name.ts';
import { isLoopback } from './listen.ts';

/** How a process, or one of its ports, is reached according to the settings. */
export interface Reach {
  /** The address it listens on. */
  readonly host: string;
  /** The origins under which others reach it. */
  readonly urls: readonly string[];
  /** Reverse proxies in front of it. */
  readonly proxies: readonly string[];
}

/** Headers in which a reverse proxy names the client of a request. */
const FORWARDED = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'];

/** As long as only this machine can reach the process, every caller is trusted to run the system. */
export class LocalTrust {
  /** According to the settings, only this machine can reach the process. */
  readonly holds: boolean;

  constructor({ host, urls, proxies }: Reach) {
    this.holds = isLoopback(host) && !urls.some(isPublicUrl) && proxies.length === 0;
  }

  /** As `holds`, except for a request through a proxy that the settings don't name, or from a page whose host name was pointed here (DNS rebinding): these may come from anywhere. */
  holdsFor({ headers }: IncomingMessage): boolean {
    return this.holds && FORWARDED.every((name) => headers[name] === undefined) && !isNameOfPages(hostNameIn(headers.host ?? ''));
  }
}
