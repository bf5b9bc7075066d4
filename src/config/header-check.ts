/** What the options of user-header do not show alone; checked by the supervisor. */
import { ConfigurationError } from '../errors.js';
import type { Given } from './limits-store-check.js';
import type { OptionValues } from './options.js';

const IDLE_WITHOUT = ['group-header', 'group-header-delimiter', 'user-header-prefix', 'require-unix-user'] as const;

/** A start that would let anybody be anybody is none. Throws ConfigurationError. */
export function checkHeaders(values: OptionValues, { place }: Given): void {
  const user = values['user-header'];
  if (user === undefined) return;
  if (values['client-ca-file'] === undefined && values['trusted-proxies'].length === 0) {
    throw new ConfigurationError(
      `${place('user-header')} needs client-ca-file or trusted-proxies`,
      'Say from whom the header is to be believed: by the CA of its certificate, or by its address.',
    );
  }
  if (values['trusted-proxies'].some((network) => network.endsWith('/0'))) {
    throw new ConfigurationError(
      `${place('trusted-proxies')} has every address in it, and with user-header any client could then be anybody`,
      'Name the addresses of the proxies.',
    );
  }
  if (values['group-header']?.toLowerCase() === user.toLowerCase()) {
    throw new ConfigurationError(
      `${place('group-header')} is the same header as user-header`,
      'Name the one with the groups, or leave it out.',
    );
  }
  checkAllowGroups(values, place);
}

/** The list of groups that nobody could be in. */
function checkAllowGroups(values: OptionValues, place: Given['place']): void {
  if (values['allow-groups'].length === 0) return;
  if (values['group-header'] !== undefined || values['require-unix-user']) return;
  throw new ConfigurationError(
    `${place('allow-groups')} lets in nobody whom user-header names, since nothing says what groups he is in`,
    'Give group-header or require-unix-user.',
  );
}

/** One sentence each. */
export function warningsAboutHeaders(values: OptionValues, { isGiven, place }: Given): string[] {
  if (values['user-header'] === undefined) {
    const idle = IDLE_WITHOUT.filter(isGiven).map(place);
    return idle.length > 0 ? [`without effect, since user-header is not set: ${idle.join(', ')}`] : [];
  }
  const warnings: string[] = [];
  if (values['client-ca-file'] !== undefined && values['client-ca-subject'].length === 0)
    warnings.push(
      `${place('user-header')} is believed from every certificate of client-ca-file: name the proxy's in client-ca-subject`,
    );
  const unasked = [
    ...(values['min-uid'] > 0 ? [place('min-uid')] : []),
    ...(values['review-account-check'] ? [place('review-account-check')] : []),
  ];
  if (unasked.length > 0 && !values['require-unix-user'])
    warnings.push(
      `not asked of those whom user-header names, who need no account without require-unix-user: ${unasked.join(', ')}`,
    );
  return warnings;
}
