import { BlockList, isIP, isIPv6 } from 'node:net';

/**
 * What counts as one client: an IPv4 address (also in IPv6 form), or the /64 network of an IPv6 address, all of whose addresses one client usually has.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
  return [...groups, ...(tail === undefined ? [] : zeros), ...after]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

/** An address, or a network such as 10.0.0.0/8. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

/** Whether an address is one of these addresses and networks. */
export function among(networks: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address = '') => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    return isIP(plain) !== 0 && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}

/**
 * The address of the client that sent a request: that of the connection, or, if that is a reverse proxy of ours, the last address in X-Forwarded-For that is
 * not one. What stands before it in the header may come from the client, and is not believed.
 */
export function clientAddress(
  connection: string | undefined,
  forwarded: string | undefined,
  isProxy: (address: string) => boolean,
): string {
  let client = connection ?? '';
  const hops = forwarded?.split(',') ?? [];
  while (isProxy(client)) {
    const hop = hops.pop()?.trim();
    if (hop === undefined || isIP(hop) === 0) break;
    client = hop;
  }
  return client;
}
