import { isLoopback } from './listen.ts';

/** Something that the settings would send over a network unencrypted, readable by anyone on the path. */
export interface Unencrypted {
  /** `TOCSIN_KAFKA_PASSWORD (SASL plain)` */
  readonly what: string;
  /** Where it is sent to or received; traffic within this machine crosses no network. */
  readonly hosts: readonly string[];
  /** What to do instead: `set TOCSIN_KAFKA_TLS=on`. */
  readonly instead: string;
}

export interface Crossing {
  /** What would cross the network, and where, as a clause. */
  readonly fact: string;
  readonly instead: string;
}

/** The rule for all servers and ports: nothing sensitive crosses a network unencrypted. Undefined: the rule is kept. */
export function crossingOf({ what, hosts, instead }: Unencrypted): Crossing | undefined {
  const away = hosts.find((host) => !isLoopback(host.replace(/^\[|\]$/g, '')));
  return away === undefined ? undefined : { fact: `${what} would cross the network unencrypted (${away})`, instead };
}

/**
 * Where plain HTTP is received. Tocsin does not terminate TLS itself: a proxy in front is known to do so if all public addresses begin with https.
 */
export function plainHttpHosts(host: string, urls: readonly string[]): readonly string[] {
  const plain = urls.map((url) => new URL(url)).filter(({ protocol }) => protocol !== 'https:');
  return urls.length === 0 || plain.length > 0 ? [host, ...plain.map(({ hostname }) => hostname)] : [];
}
