/** Whom a trusted proxy says it speaks for (X-Forwarded-For); read by the front. */
import { BlockList, isIP } from 'node:net';
import { numericAddress } from './source-address.js';

export interface TrustedProxies {
  /** `address`: as sourceAddress() has it. */
  has(address: string): boolean;
}

/** Proxies in a row, at most: each costs a look, and a client may write as many as fit into a header. */
const MOST_HOPS = 32;

/** `networks`: addresses, and networks in CIDR notation. Throws Error for what is neither. */
export function createTrustedProxies(networks: readonly string[]): TrustedProxies {
  // To ask a list costs more than to admit a connection.
  if (networks.length === 0) return { has: () => false };
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/', 2);
    if (prefix === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return { has: (address) => list.check(address, familyOf(address)) };
}

/**
 * `peer`: of a trusted proxy. Each proxy writes down, at the end, who came to it: so the list is read from its end, for as long as whoever wrote is trusted. What stands
 * before the first address that is not may be anybody's invention. An entry that is no address ends the reading too: who handed it on counts.
 */
export function clientAddress(peer: string, forwardedFor: readonly string[], proxies: TrustedProxies): string {
  let client = peer;
  for (const entry of forwardedFor.join(',').split(',').slice(-MOST_HOPS).reverse()) {
    const address = addressIn(entry.trim());
    if (address === undefined) break;
    client = address;
    if (!proxies.has(address)) break;
  }
  return client;
}

/** Some proxies add the port, and then put an IPv6 address in brackets. */
function addressIn(entry: string): string | undefined {
  const { v6, v4 } = /^(?:\[(?<v6>[^\]]*)\]|(?<v4>[\d.]+))(?::\d{1,5})?$/.exec(entry)?.groups ?? {};
  return numericAddress(v6 ?? v4 ?? entry);
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
