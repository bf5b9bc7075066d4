/** An address and port as one text, as Go's net.Listen takes them; read by the supervisor. */
import { isIP } from 'node:net';

export interface Endpoint {
  /** Empty: all addresses. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
}

/** `192.0.2.1:8443`, `[2001:db8::1]:8443`, `localhost:8443` or `:8443`. undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain = '', digits = ''] = /^(?:\[([^\]%]+)\]|([^:[\]%]*)):(0|[1-9]\d{0,4})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) return undefined;
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? { address: bracketed, port } : undefined;
  const address = plain === 'localhost' ? '127.0.0.1' : plain;
  return address === '' || isIP(address) === 4 ? { address, port } : undefined;
}
