/** Times as answers have them; made by the front. */

/** RFC 3339 in whole seconds, as Kubernetes writes it. */
export function timestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
