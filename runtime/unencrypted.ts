import { isLoopback } from './listen.ts';

/** What settings would send over a network as it is, so that anybody on the way could read it. */
export interface Unencrypted {
  /** `TOCSIN_KAFKA_PASSWORD (SASL plain)` */
  readonly what: string;
  /** Where it goes to or comes in; what stays on this machine crosses no network. */
  readonly hosts: readonly string[];
  /** What to do instead: `set TOCSIN_KAFKA_TLS=on`. */
  readonly instead: string;
}

export interface Crossing {
  /** What crosses, and where. */
  readonly fact: string;
  readonly instead: string;
}

/** The rule for all servers and ports: nothing that matters crosses a network unencrypted. */
export function crossingOf({ what, hosts, instead }: Unencrypted): Crossing | undefined {
  const away = hosts.find((host) => !isLoopback(host.replace(/^\[|\]$/g, '')));
  return away === undefined ? undefined : { fact: `${what} would cross the network unencrypted (${away})`, instead };
}

/**
 * Where plain HTTP comes in. We end no TLS ourselves: that a proxy in front does, the addresses say by which we are reached, where all of them begin with https.
 */
export function plainHttpHosts(host: string, urls: readonly string[]): readonly string[] {
  const plain = urls.map((url) => new URL(url)).filter(({ protocol }) => protocol !== 'https:');
  return urls.length === 0 || plain.length > 0 ? [host, ...plain.map(({ hostname }) => hostname)] : [];
}
