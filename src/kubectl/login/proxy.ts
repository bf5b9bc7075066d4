/** Which proxy leads to pamhook: as for kubectl itself, the cluster's own, else what the environment says. */
import { BlockList, isIP } from 'node:net';
import { ConfigurationError } from '../../errors.js';
import { parseUrl } from '../../url.js';
import type { Environment } from '../io.js';
import { printable } from '../printable.js';

/** undefined: none. `chosen`: `direct`, a URL, or undefined for the environment to say. Throws ConfigurationError. */
export function proxyFor(url: URL, chosen: string | undefined, environment: Environment): URL | undefined {
  if (chosen === 'direct') return undefined;
  if (chosen !== undefined) return proxyUrl(chosen, 'proxy-url');
  const named = environment['HTTPS_PROXY'] || environment['https_proxy'];
  if (!named || isExempt(url, environment['NO_PROXY'] || environment['no_proxy'] || '')) return undefined;
  return proxyUrl(named, 'HTTPS_PROXY');
}

/** It may hold a password, which is not shown. */
function proxyUrl(text: string, name: string): URL {
  const whole = text.includes('://') ? text : `http://${text}`;
  const url = parseUrl(whole);
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  const shown = printable(text.replace(/[^/]*@/, '…@'));
  throw new ConfigurationError(`${name} ${shown} is no proxy that can be used`, 'name one of http or https');
}

/**
 * As Go's programs read NO_PROXY, kubectl among them: `example.org` with all names below it, `.example.org` these alone, addresses,
 * networks, each with a port or without, or `*`. Loopback is always exempt.
 */
export function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || '443';
  if (host === 'localhost' || host.endsWith('.localhost') || isIn(host, LOOPBACK)) return true;
  return noProxy
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '')
    .some((item) => item === '*' || matches(item, host, port));
}

function matches(item: string, host: string, port: string): boolean {
  const network = networkOf(item);
  if (network !== undefined) return isIn(host, network);
  const [, named = '', ofPort] = /^(\[[^\]]*\]|[^:]*|[^[\]]*:[^[\]]*:[^[\]]*)(?::(\d+))?$/.exec(item) ?? [];
  if (ofPort !== undefined && ofPort !== port) return false;
  const name = named.replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
  if (name === '') return false;
  if (isIP(name) !== 0) return host === name;
  return host.endsWith(name.startsWith('.') ? name : `.${name}`) || host === name;
}

function networkOf(item: string): BlockList | undefined {
  const [, address = '', prefix] = /^([^/]+)\/(\d{1,3})$/.exec(item) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(prefix) > (family === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
  return list;
}

function isIn(host: string, list: BlockList): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
