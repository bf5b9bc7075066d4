/** Whom a request comes from, as limits, logs and PAM_RHOST name it; used by the front, and by the supervisor for what the front tells. */
import { isIP, SocketAddress } from 'node:net';

const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The numeric address of a peer: IPv4-mapped IPv6 as IPv4, without a zone id. undefined when the peer is gone already. */
export function sourceAddress(remoteAddress: string | undefined): string | undefined {
  const address = remoteAddress?.split('%', 1)[0];
  return address?.replace(IPV4_MAPPED, '$1');
}

/** An address as sourceAddress() would have it, however it is spelt; undefined for what is no address, or has a zone id. */
export function numericAddress(text: string): string | undefined {
  const family = isIP(text);
  if (family === 0 || text.includes('%')) return undefined;
  return family === 4 ? text : sourceAddress(new SocketAddress({ address: text, family: 'ipv6' }).address);
}

/** What counts as one source: an IPv4 address, or the /64 of an IPv6 address, since one host usually holds all of it. */
export function sourceNetwork(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::', 2);
  const first = groups(head);
  const last = groups(tail ?? '');
  const gap = tail === undefined ? 0 : 8 - first.length - last.length;
  const all = [...first, ...Array<string>(Math.max(gap, 0)).fill('0'), ...last];
  return `${all.slice(0, 4).join(':')}::/64`;
}

function groups(text: string): string[] {
  if (text === '') return [];
  // A dotted tail (RFC 4291, 2.2) stands for the last two groups.
  return text
    .split(':')
    .flatMap((group) => (group.includes('.') ? ['0', '0'] : [Number.parseInt(group, 16).toString(16)]));
}
