/** Findings on the PAM service file, what it includes, and the modules it names. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { findServiceFile } from '../../pam/service-file.js';
import { requireServiceFile } from '../../privsep/startup.js';
import { examine, type Finding, fault, ok, type Setup, warning } from './finding.js';
import { includeFinder } from './pam-includes.js';
import { missingModules } from './pam-modules.js';
import { type PamType, readStack, type Stack, type StackLine } from './pam-stack.js';

const EXAMPLES = 'see pam.d-examples';

/** The findings, and the stack for those who ask what is in it; undefined where there is none. `directories`: of modules. */
export async function pamFindings(
  { settings, native }: Setup,
  directories: readonly string[],
): Promise<{ readonly findings: readonly Finding[]; readonly stack: Stack | undefined }> {
  const { pamServiceName, accountCheckService = pamServiceName, pamConfigDir } = settings;
  const service = await examine('pam-service', () =>
    requireServiceFile('pam-service-name', pamServiceName, pamConfigDir),
  );
  const reviews = await examine('account-check-service', () =>
    requireServiceFile('account-check-service', accountCheckService, pamConfigDir),
  );
  const find = includeFinder(settings.pamConfigDir, native);
  const other = otherFinding(settings.pamConfigDir, find);
  const another = accountCheckService === pamServiceName ? [] : reviews.findings;
  if (service.value === undefined) return { findings: [...service.findings, ...another, other], stack: undefined };
  const stack = readStack(service.value, find);
  const findings = [
    ...fileFindings(service.value, stack),
    ...moduleFindings(stack.lines, directories),
    phaseFinding(stack.lines, 'auth', 'every password is taken for right'),
    phaseFinding(stack.lines, 'account', 'expired accounts and passwords get in'),
    ...nullokFindings(stack.lines),
    ...another,
    other,
  ];
  return { findings, stack };
}

/** Whether a module of this name is asked in one of the phases that pamhook runs. */
export function asks({ lines }: Stack, module: string): boolean {
  return relevant(lines).some((line) => basename(line.module) === module);
}

function relevant(lines: readonly StackLine[]): StackLine[] {
  return lines.filter(({ type }) => type === 'auth' || type === 'account');
}

function fileFindings(file: string, { files, broken }: Stack): Finding[] {
  const found = [
    ...broken.map((says) =>
      fault('pam-service', `${says}: libpam refuses every login for it`, `correct that line; ${EXAMPLES}`),
    ),
    ...files
      .filter(isOpenToWriters)
      .map((path) =>
        fault('pam-service', `${path} can be changed by everybody, who may so let anybody in`, `chmod o-w ${path}`),
      ),
  ];
  const others = files.length === 1 ? '' : ` and ${files.length - 1} included`;
  return found.length > 0 ? found : [ok('pam-service', `${file}${others}`)];
}

function isOpenToWriters(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o002) !== 0;
}

function moduleFindings(lines: readonly StackLine[], directories: readonly string[]): Finding[] {
  const missing = missingModules(lines, directories).filter(({ harmless }) => !harmless);
  const findings = missing.map(({ line }) => missingFinding(line, directories));
  if (findings.length > 0) return findings;
  const present = new Set(lines.map(({ module }) => module)).size;
  return [ok('pam-modules', `${present} named, none missing`)];
}

/** pamhook runs neither session nor password lines, but libpam complains of them in each login. */
function missingFinding({ place, type, module }: StackLine, directories: readonly string[]): Finding {
  const where = module.startsWith('/') ? '' : ` in ${directories.join(' or ')}`;
  const says = `${place} names ${module}, which is not there${where}`;
  if (type === 'auth' || type === 'account') {
    return fault('pam-modules', says, 'install the package that has the module, or take the line out');
  }
  return warning('pam-modules', says, `take the line out: pamhook runs no ${type} phase`);
}

/** Without lines of its own for a phase, a service gets those of `other` (measured: PAM_PERM_DENIED where that has none). */
function phaseFinding(lines: readonly StackLine[], type: PamType & ('auth' | 'account'), permitted: string): Finding {
  const own = lines.filter((line) => line.type === type);
  const subject = `pam-${type}` as const;
  const cure = `add ${type} lines, such as "@include common-${type}"; ${EXAMPLES}`;
  if (own.length === 0) {
    const says = `the service has no ${type} lines, so libpam takes those of "other"`;
    return fault(subject, type === 'account' ? `${says}: expired accounts may get in` : says, cure);
  }
  if (own.some(({ module }) => basename(module) !== 'pam_permit.so')) return ok(subject, `${own.length} ${type} lines`);
  const says = `${own[0]?.place} and what follows ask only pam_permit.so: ${permitted}`;
  return (type === 'auth' ? fault : warning)(subject, says, cure);
}

function nullokFindings(lines: readonly StackLine[]): Finding[] {
  const naming = lines.filter(({ type, arguments: words }) => type === 'auth' && words.includes('nullok'));
  if (naming.length === 0) return [ok('pam-nullok', 'no auth line has nullok')];
  const places = naming.map(({ place }) => place).join(', ');
  const says = `${places} has nullok: accounts without a password get in where that file serves others (pamhook refuses them)`;
  return [warning('pam-nullok', says, 'take nullok out, or lock accounts without a password: passwd -l USER')];
}

function otherFinding(configDir: string | undefined, find: (name: string) => string | undefined): Finding {
  const file = findServiceFile('other', configDir);
  if (file === undefined)
    return ok('pam-other', 'there is no service "other": a service without a file lets nobody in');
  const [first] = readStack(file, find).lines.filter(({ type }) => type === 'auth');
  const denies = first !== undefined && basename(first.module) === 'pam_deny.so';
  const says = denies
    ? 'lets nobody in'
    : 'lets people in for any service without a file of its own: keep the file in place';
  return ok('pam-other', `${file} ${says}`);
}
