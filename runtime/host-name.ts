import { isIP } from 'node:net';
import { isLoopback } from './listen.ts';

/** The name or address in a Host header, without its port. */
export function hostNameIn(host: string): string {
  const name = host.startsWith('[') ? host.slice(1).replace(/\].*$/, '') : isIP(host) === 6 ? host : host.replace(/:\d*$/, '');
  return name.toLowerCase().replace(/\.$/, '');
}

/** Whether a web page may be served under that name: not under an address, nor under a name without a dot. */
export function isNameOfPages(name: string): boolean {
  return name.includes('.') && isIP(name) === 0;
}

/** Whether machines other than this one can use that address. */
export function isPublicUrl(url: string | undefined): boolean {
  return url !== undefined && !isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}
