/** Findings on limits-store: what can be said without asking the server. */
import { printStoreAddress } from '../../config/store-url.js';
import { chooseAccount } from '../../privsep/startup.js';
import { readStoreFiles } from '../../privsep/store-files.js';
import { examine, type Finding, type Setup } from './finding.js';

/** None where there is no limits-store. */
export async function limitsStoreFindings({ settings, native, isRoot }: Setup): Promise<Finding[]> {
  const { limitsStore: address, limitsStoreRunAs: runAs, limitsStorePasswordFile: password } = settings;
  if (address === undefined) return [];
  const files = await examine('limits-store', (log) => readStoreFiles(settings, { native, log }), {
    fine: () => `${printStoreAddress(address)}: its files are as they must be; whether it answers was not asked`,
    ...(password === undefined ? {} : { cure: `chmod 600 ${password}` }),
  });
  if (runAs === undefined) return [...files.findings];
  const account = await examine(
    'limits-store',
    (log) => chooseAccount({ ...settings, runAs }, { native, log, isRoot }, 'limits-store-run-as'),
    { cure: 'leave limits-store-run-as out, or start pamhook as root' },
  );
  return [...files.findings, ...account.findings];
}
