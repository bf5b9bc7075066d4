/** Where the value of an option came from, in words for faults and --print-config; used by the supervisor. */
import { type OptionName, optionNamed } from './options.js';

export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment' }
  | { readonly kind: 'flag' };

/** Such as `flag -bind-port`. */
export function placeOf(name: OptionName, source: Source): string {
  switch (source.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `${name} in ${source.path}`;
    case 'environment':
      return `environment variable ${optionNamed(name).environment}`;
    case 'flag':
      return `flag -${name}`;
  }
}

/** How the example of the option is written there, such as `-bind-port=6443`. */
export function exampleIn(name: OptionName, source: Source): string {
  const { environment, example } = optionNamed(name);
  if (source.kind === 'file') return `${name}: ${example}`;
  return source.kind === 'environment' ? `${environment}=${example}` : `-${name}=${example}`;
}
