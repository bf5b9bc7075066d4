/** Identities as the system knows them, asked in bounded time; for every process that needs one. */
import type { Logger } from '../log/logger.js';
import type { Native } from '../native/native.js';
import type { IdentitySource } from './identity.js';
import { withLocalAccounts, withLocalGroups } from './local-accounts.js';
import { createNssIdentitySource } from './nss.js';
import { withTimeout } from './timeout.js';

export interface SystemIdentityOptions {
  readonly native: Pick<Native, 'lookupUser' | 'groupsOf'>;
  readonly log: Logger;
  /** Milliseconds. */
  readonly timeout: number;
}

/** By NSS; by passwd and group alone for local accounts while NSS hangs or fails. */
export function createSystemIdentitySource({ native, log, timeout }: SystemIdentityOptions): IdentitySource {
  const { lookupUser, groupsOf } = native;
  const nss = createNssIdentitySource({ native: { lookupUser, groupsOf: withLocalGroups(groupsOf) }, log });
  return withLocalAccounts(withTimeout(nss, { timeout }), log);
}
