import type { IncomingMessage } from 'node:http';
import { hostNameIn, isNameOfPages, isPublicUrl } from './host-name.ts';
import { isLoopback } from './listen.ts';

/** How the settings say that a process, or a port of it, is reached. */
export interface Reach {
  /** Where it listens. */
  readonly host: string;
  /** The origins by which others reach it. */
  readonly urls: readonly string[];
  /** Reverse proxies in front of it. */
  readonly proxies: readonly string[];
}

/** By these a reverse proxy says for whom it asks. */
const FORWARDED = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'];

/** Whoever reaches us may be trusted to run the system, as long as only this machine does. */
export class LocalTrust {
  /** Only this machine reaches us, as far as the settings say. */
  readonly holds: boolean;

  constructor({ host, urls, proxies }: Reach) {
    this.holds = isLoopback(host) && !urls.some(isPublicUrl) && proxies.length === 0;
  }

  /** As `holds`, unless the request came through a proxy that nobody named, or from a page whose name was made to point here: then it may be from anywhere. */
  holdsFor({ headers }: IncomingMessage): boolean {
    return this.holds && FORWARDED.every((name) => headers[name] === undefined) && !isNameOfPages(hostNameIn(headers.host ?? ''));
  }
}
