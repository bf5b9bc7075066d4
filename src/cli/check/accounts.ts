/** Findings on the user database, the account of the front, and shadow. */
import { accessSync, constants, existsSync } from 'node:fs';
import { UnavailableError } from '../../errors.js';
import { within } from '../../identity/timeout.js';
import { chooseAccount } from '../../privsep/startup.js';
import { examine, type Finding, fault, ok, type Setup, warning } from './finding.js';

/** A directory that is down can hold a lookup up for minutes. */
const PATIENCE = 10_000;
const SLOW = 1_000;
const LOOK_AT = 'look at the lines passwd and group of /etc/nsswitch.conf, and at the service they name (sssd, nslcd)';
const UNIX_CHKPWD = ['/usr/sbin/unix_chkpwd', '/sbin/unix_chkpwd', '/usr/bin/unix_chkpwd'];

/** `patience`: milliseconds for each question. */
export async function accountFindings(
  { settings, native, isRoot }: Pick<Setup, 'settings' | 'native' | 'isRoot'>,
  patience = PATIENCE,
): Promise<Finding[]> {
  const start = performance.now();
  const database = await examine(
    'user-database',
    (log) =>
      within(patience, async () => {
        const root = await native.lookupUser('root');
        if (root === undefined) throw new UnavailableError('ERR_NSS_FAILED', 'the user database does not know root');
        const groups = await native.groupsOf(root);
        const elapsed = Math.round(performance.now() - start);
        if (elapsed > SLOW) log.warn(`the user database took ${elapsed} ms for root and its groups`);
        return `answers: root is ${root.uid}, of ${groups.names.length} groups, in ${elapsed} ms`;
      }),
    { fine: (says) => says, cure: LOOK_AT },
  );
  const front = await examine(
    'run-as',
    (log) => within(patience, () => chooseAccount(settings, { native, log, isRoot })),
    {
      fine: (account) =>
        account === undefined ? 'all processes run as this user' : `the front will run as uid ${account.uid}`,
      cure: isRoot ? 'adduser --system --group pamhook' : 'leave run-as out, or start pamhook as root',
    },
  );
  return [...database.findings.map(curable), ...front.findings.map(curable)];
}

function curable(finding: Finding): Finding {
  return finding.level === 'fault' ? { cure: LOOK_AT, ...finding } : finding;
}

/** `path`: of shadow. `asked`: whether the service asks pam_unix. */
export function shadowFinding({ isRoot }: Pick<Setup, 'isRoot'>, asked: boolean, path = '/etc/shadow'): Finding {
  if (!asked) return ok('shadow', 'not needed: the service does not ask pam_unix');
  if (isReadable(path)) return ok('shadow', `${path} is readable`);
  if (isRoot) {
    const cure = 'give pamhook the file: in a container, mount /etc of the host or its passwd, group and shadow';
    return fault('shadow', `${path} cannot be read: pam_unix will refuse every password`, cure);
  }
  const helper = UNIX_CHKPWD.some((program) => existsSync(program))
    ? 'by unix_chkpwd'
    : 'and not even that without unix_chkpwd';
  return warning(
    'shadow',
    `not root: pam_unix can check only the password of this user, ${helper}`,
    'start pamhook as root',
  );
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
