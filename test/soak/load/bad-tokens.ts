/** Tokens that are no good, made from a good one: a review of each must say no. */
import { createHmac } from 'node:crypto';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

export function spoiled(token: string): readonly string[] {
  const [head = '', body = '', signature = ''] = token.split('.');
  const header = decode(head);
  const claims = decode(body);
  const signed = (newHeader: object, newClaims: object = claims) =>
    `${encode(newHeader)}.${encode(newClaims)}.${signature}`;
  const unsigned = `${encode({ ...header, alg: 'HS256' })}.${body}`;
  return [
    `${head}.${body}.`,
    `${head}.${body}.${reversed(signature)}`,
    `${token}A`,
    `${token}=`,
    `${head}.${body}`,
    `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
    `${unsigned}.${createHmac('sha256', header.kid).update(unsigned).digest('base64url')}`,
    signed({ ...header, kid: '../../../etc/passwd' }),
    signed({ ...header, kid: "' or '1'='1" }),
    signed({ ...header, kid: 'a\0b' }),
    signed({ ...header, jku: 'https://127.0.0.1/keys' }),
    signed({ ...header, crit: ['exp'] }),
    signed(header, { ...claims, username: 'root', sub: 'root' }),
    signed(header, { ...claims, exp: 1e300 }),
    signed(header, { ...claims, username: 'system:admin', sub: 'system:admin' }),
    `${head}.${Buffer.from('['.repeat(5_000)).toString('base64url')}.${signature}`,
    'x'.repeat(20_000),
    `${'.'.repeat(1_000)}`,
    'garbage',
    '',
  ];
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}
