/** Parameters in the body of a request, as a form or as JSON, brought to the form that those in a query have; parsed by the front. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { parseObject } from '../keys/json-object.js';
import { jsonDepthExceeds } from './json-depth.js';
import type { ChoiceFault, PARAMETERS } from './token-choice.js';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

/** None when the method is not POST, and none in a body of another media type: those are ignored as if they were not there. */
export function parametersInBody(
  { method, headers }: IncomingMessage,
  body: Buffer,
  bounds: { readonly jsonDepth: number },
): URLSearchParams | ChoiceFault {
  const type = mediaType(headers['content-type']);
  if (method !== 'POST' || (type !== FORM && type !== JSON_TYPE) || body.length === 0) return new URLSearchParams();
  const fault = codingFault(headers, body);
  if (fault !== undefined) return fault;
  return type === FORM ? new URLSearchParams(body.toString('utf8')) : parametersInJson(body, bounds);
}

/** Of a body that is JSON whatever its media type; an empty one has none. */
export function parametersInJsonBody(
  { headers }: IncomingMessage,
  body: Buffer,
  bounds: { readonly jsonDepth: number },
): URLSearchParams | ChoiceFault {
  if (body.length === 0) return new URLSearchParams();
  return codingFault(headers, body) ?? parametersInJson(body, bounds);
}

function codingFault(headers: IncomingMessage['headers'], body: Buffer): ChoiceFault | undefined {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'identity') return { fault: 'the Content-Encoding of the body is not identity' };
  return isUtf8(body) ? undefined : { fault: 'the body is not UTF-8' };
}

/** Whether the body is said to be a form. */
export function isForm({ headers }: IncomingMessage): boolean {
  return mediaType(headers['content-type']) === FORM;
}

/** Without its parameters: both types are UTF-8 whatever `charset` says. */
function mediaType(contentType = ''): string {
  const [type = ''] = contentType.split(';', 1);
  return type.trim().toLowerCase();
}

/** The values as a query would have them; undefined: the member is of another type. */
type ReadMember = (member: unknown) => readonly string[] | undefined;

const text: ReadMember = (member) => (typeof member === 'string' ? [member] : undefined);
const numberOrText: ReadMember = (member) => (typeof member === 'number' ? [String(member)] : text(member));
const textOrTexts: ReadMember = (member) =>
  Array.isArray(member) && member.every((item) => typeof item === 'string') ? member : text(member);

const MEMBERS: readonly [name: (typeof PARAMETERS)[number], read: ReadMember, wanted: string][] = [
  ['token-expires-in', numberOrText, 'a number or a string'],
  ['lifetime', text, 'a string'],
  ['audience', textOrTexts, 'a string or an array of strings'],
];

function parametersInJson(body: Buffer, { jsonDepth }: { readonly jsonDepth: number }): URLSearchParams | ChoiceFault {
  if (jsonDepthExceeds(body, jsonDepth)) return { fault: `the body is nested deeper than ${jsonDepth} levels` };
  const object = parseObject(body.toString('utf8'));
  if (object === undefined) return { fault: 'the body is not a JSON object, or has a member twice' };
  const parameters = new URLSearchParams();
  for (const [name, read, wanted] of MEMBERS) {
    const member = object[name];
    // Go's encoder writes null for what is not set.
    if (member === undefined || member === null) continue;
    const values = read(member);
    if (values === undefined) return { fault: `${name} is not ${wanted}` };
    for (const value of values) parameters.append(name, value);
  }
  return parameters;
}
