/** Findings on the configuration, the audit log and the clock. */
import { existsSync, statSync } from 'node:fs';
import { checkAuditDestination } from '../../log/audit-log.js';
import { examine, type Finding, fault, ok, type Setup, warning } from './finding.js';

export function configurationFindings({ configFile, warnings }: Pick<Setup, 'configFile' | 'warnings'>): Finding[] {
  const found = warnings.map((says): Finding => ({ level: 'warning', subject: 'configuration', says }));
  const mode = configFile === undefined ? 0 : (statSync(configFile, { throwIfNoEntry: false })?.mode ?? 0);
  const cure = `chmod go-w ${configFile}`;
  if (mode & 0o002) return [...found, fault('configuration', `${configFile} can be changed by everybody`, cure)];
  if (mode & 0o020) return [...found, warning('configuration', `${configFile} can be changed by its group`, cure)];
  return found.length > 0 ? found : [ok('configuration', configFile ?? 'flags and environment alone')];
}

export async function auditLogFindings({ settings }: Pick<Setup, 'settings'>): Promise<readonly Finding[]> {
  const { auditLog } = settings;
  const log = await examine('audit-log', () => checkAuditDestination(auditLog), {
    fine: () => (auditLog === '-' ? 'standard output' : `${auditLog} can be appended to`),
  });
  return log.findings;
}

/** Before this pamhook was written: a clock that was never set. */
const EARLIEST = Date.UTC(2026, 0, 1);
const SYNCHRONIZED = '/run/systemd/timesync/synchronized';

/** No other clock is asked: tokens count for the machine's own. `now`: milliseconds since the epoch. */
export function clockFinding(now: number, synchronized = existsSync(SYNCHRONIZED)): Finding {
  const time = new Date(now).toISOString();
  if (now < EARLIEST)
    return fault('clock', `it is ${time} by the clock, which was never set`, 'set it, and keep it by NTP');
  return ok(
    'clock',
    synchronized ? `${time}, synchronized by systemd-timesyncd` : `${time}; whether NTP keeps it was not asked`,
  );
}
