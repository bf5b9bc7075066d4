/** Findings on the keys that sign and verify tokens. */
import type { Logger } from '../../log/logger.js';
import { requireFits } from '../../privsep/frame-size.js';
import { checkPermissions, parseSigning, readKeyFile, readTls, readVerificationKeys } from '../../privsep/key-files.js';
import { policyOf } from '../../privsep/policies.js';
import { type Examined, examine, type Finding, type Setup } from './finding.js';

type Signing = ReturnType<typeof parseSigning>;

const LONG_SECRET = 'make a new secret of at least 32 random bytes, or better an EC key: pamhook init makes one';

export async function keyFindings(setup: Setup): Promise<Finding[]> {
  const signing = await signingKey(setup);
  const verifying = await Promise.all(setup.settings.verificationKeyFiles.map((file) => verificationKey(file, setup)));
  const fits = signing.value === undefined ? [] : (await fitting(setup, signing.value)).findings;
  return [...signing.findings, ...verifying.flat(), ...fits];
}

async function signingKey({ settings, native }: Setup): Promise<Examined<Signing>> {
  const { signingKey: given, signingKeyFile: file } = settings;
  if (file === undefined) {
    return examine('signing-key', (log) => parsed(given?.bytes() ?? Buffer.alloc(0), 'signing-key', log), WORDING);
  }
  const read = await examine('signing-key', () => readKeyFile(file, 'signing-key-file', { native }));
  if (read.value === undefined) return { value: undefined, findings: read.findings };
  const { bytes, stat } = read.value;
  const permissions = await examine('signing-key', (log) => checkPermissions(file, 'signing-key-file', stat, log), {
    cure: `chmod 600 ${file}`,
  });
  const key = await examine('signing-key', (log) => parsed(bytes, `signing-key-file ${file}`, log), WORDING);
  bytes.fill(0);
  return { value: key.value, findings: [...permissions.findings, ...key.findings] };
}

const WORDING = {
  fine: ({ signing }: Signing) => `signs ${signing.algorithm}, key id ${signing.kid}`,
  cure: LONG_SECRET,
};

function parsed(bytes: Buffer, origin: string, log: Logger): Signing {
  const key = parseSigning(bytes, origin, { log });
  if (key.signing.algorithm === 'HS256') {
    log.warn('an HMAC secret signs: the process that faces the network verifies with it, and so could sign too');
  }
  return key;
}

async function verificationKey(file: string, { settings, native, now }: Setup): Promise<readonly Finding[]> {
  const key = await examine(
    'verification-keys',
    (log) => readVerificationKeys({ ...settings, verificationKeyFiles: [file] }, { native, log, now }),
    {
      fine: (keys) =>
        keys.map(({ algorithm, kid }) => `${file} verifies ${algorithm}, key id ${kid}`).join('; ') ||
        `${file} has no keys yet`,
      cure: `chmod 600 ${file}, where it is an HMAC secret, of at least 32 random bytes`,
    },
  );
  return key.findings;
}

/** All that grows with files and options travels in one frame. */
async function fitting({ settings, native, now }: Setup, { verification }: Signing): Promise<Examined<void>> {
  const silent: Logger = { error() {}, warn() {}, info() {}, verbose() {} };
  return examine('configuration', () => {
    const reading = { native, log: silent, now };
    const parts = attempt(() => ({ tls: readTls(settings, reading), keys: readVerificationKeys(settings, reading) }));
    if (parts !== undefined)
      requireFits({ ...parts, verification, audience: settings.audience, policy: policyOf(settings) });
  });
}

/** What is wrong with a part is said elsewhere. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
