/** What each of libpam's return codes means for a login: one table, each code once; read in the PAM worker. */
import type { AccountReason } from './pam.js';

/** `refusal`: PAM said no. `could not check`: PAM or a module failed, and nothing is known of the password. */
type Meaning = 'success' | 'refusal' | 'could not check';

interface ReturnCode {
  readonly meaning: Meaning;
  /** Of a refusal by the account phase; `access denied` where nothing stands here. */
  readonly reason?: AccountReason;
}

/** In the order of security/_pam_types.h. */
const returnCodes: Readonly<Record<string, ReturnCode>> = {
  PAM_SUCCESS: { meaning: 'success' },
  PAM_OPEN_ERR: { meaning: 'could not check' },
  PAM_SYMBOL_ERR: { meaning: 'could not check' },
  PAM_SERVICE_ERR: { meaning: 'could not check' },
  PAM_SYSTEM_ERR: { meaning: 'could not check' },
  PAM_BUF_ERR: { meaning: 'could not check' },
  PAM_PERM_DENIED: { meaning: 'refusal' },
  PAM_AUTH_ERR: { meaning: 'refusal' },
  PAM_CRED_INSUFFICIENT: { meaning: 'refusal' },
  PAM_AUTHINFO_UNAVAIL: { meaning: 'could not check' },
  PAM_USER_UNKNOWN: { meaning: 'refusal' },
  PAM_MAXTRIES: { meaning: 'refusal' },
  PAM_NEW_AUTHTOK_REQD: { meaning: 'refusal', reason: 'password expired' },
  PAM_ACCT_EXPIRED: { meaning: 'refusal', reason: 'account expired' },
  PAM_SESSION_ERR: { meaning: 'refusal' },
  PAM_CRED_UNAVAIL: { meaning: 'refusal' },
  PAM_CRED_EXPIRED: { meaning: 'refusal' },
  PAM_CRED_ERR: { meaning: 'refusal' },
  PAM_NO_MODULE_DATA: { meaning: 'could not check' },
  PAM_CONV_ERR: { meaning: 'could not check' },
  PAM_AUTHTOK_ERR: { meaning: 'refusal' },
  PAM_AUTHTOK_RECOVERY_ERR: { meaning: 'refusal' },
  PAM_AUTHTOK_LOCK_BUSY: { meaning: 'could not check' },
  PAM_AUTHTOK_DISABLE_AGING: { meaning: 'refusal' },
  PAM_TRY_AGAIN: { meaning: 'could not check' },
  PAM_IGNORE: { meaning: 'could not check' },
  PAM_ABORT: { meaning: 'could not check' },
  PAM_AUTHTOK_EXPIRED: { meaning: 'refusal', reason: 'password expired' },
  PAM_MODULE_UNKNOWN: { meaning: 'could not check' },
  PAM_BAD_ITEM: { meaning: 'could not check' },
  PAM_CONV_AGAIN: { meaning: 'could not check' },
  PAM_INCOMPLETE: { meaning: 'could not check' },
};

/** A code without a name here could mean anything. */
export function meaningOf(code: string): Meaning {
  return returnCodes[code]?.meaning ?? 'could not check';
}

/** Why the account phase refused. */
export function accountReason(code: string): AccountReason {
  return returnCodes[code]?.reason ?? 'access denied';
}
