/** readStack() against libpam itself: what it takes for broken or missing refuses logins, and nothing else does. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import { includeFinder } from '#src/cli/check/pam-includes.js';
import { missingModules, moduleDirectories } from '#src/cli/check/pam-modules.js';
import { readStack, type Stack } from '#src/cli/check/pam-stack.js';
import { loadNative } from '#src/native/binding.js';
import { edited } from '../../harness/edited.js';
import { writeServices } from '../../harness/pam-service.js';
import { fc } from '../../harness/property.js';
import { scratchDirectory } from '../../harness/scratch.js';

const native = loadNative();
const PERMIT = 'auth required pam_permit.so\naccount required pam_permit.so\n';
const INCLUDED = 'auth required pam_deny.so\naccount required pam_permit.so\n';
const configDir = writeServices(scratchDirectory({ after }), { included: INCLUDED });

function stackOf(text: string): Stack {
  const file = join(configDir, 'pamhook');
  writeFileSync(file, text);
  return readStack(file, includeFinder(configDir, native));
}

function libpamTakes(): boolean {
  const { code } = native.pamTransaction({
    service: 'pamhook',
    user: 'root',
    responses: [],
    remoteHost: '127.0.0.1',
    tty: 'pamhook',
    configDir,
    authenticate: true,
  });
  return code === 'PAM_SUCCESS';
}

const refused: Readonly<Record<string, string>> = {
  'a missing module that is required': `${PERMIT}auth required pam_gone.so`,
  'the same with a dash': `${PERMIT}-auth required pam_gone.so`,
  'a missing module in brackets, without a word for it': `${PERMIT}-auth [success=ok] pam_gone.so`,
  'a missing module behind a continuation': `${PERMIT}auth \\\n  required \\\n pam_gone.so`,
  'an include that is not there': `${PERMIT}auth include nothing`,
  'a substack that is not there': `${PERMIT}account substack nothing`,
  'an @include that is not there': `${PERMIT}@include nothing`,
  'an unknown type': `${PERMIT}auht required pam_permit.so`,
  'an unknown control': `${PERMIT}auth requird pam_permit.so`,
  'an unknown return code': `${PERMIT}auth [succes=ok default=bad] pam_permit.so`,
  'capitals in brackets': `${PERMIT}auth [SUCCESS=OK] pam_permit.so`,
  'a jump over nothing': `${PERMIT}auth [success=0] pam_permit.so`,
  'a directory in place of a module': `${PERMIT}-auth optional /usr/lib/`,
  'a bracket that is not closed': `${PERMIT}auth [success=ok pam_permit.so`,
  "Windows' ends of lines": PERMIT.replaceAll('\n', '\r\n'),
  'a backslash at its end': `${PERMIT}auth required pam_permit.so \\\n`,
  'a type that is continued behind an empty line and a comment': `${PERMIT}auht \\\n\n# x\n required pam_permit.so`,
  'an unknown action': `${PERMIT}auth [success=fine default=bad] pam_permit.so`,
  'no module': `${PERMIT}auth required`,
};

const taken: Readonly<Record<string, string>> = {
  'a plain stack': PERMIT,
  capitals: 'AUTH Required pam_permit.so\nAccount REQUIRED pam_permit.so',
  'comments, empty lines and a comment that ends in a backslash': `# auth x\n\n  \n${PERMIT}# \\\nauth required pam_permit.so # \\\n`,
  'lines that are continued behind an empty line and a comment': `auth \\\n\n  # x\n required pam_permit.so\naccount required pam_permit.so`,
  'continued lines': 'auth \\\n  required \\\n  pam_permit.so\naccount required pam_permit.so',
  'brackets with spaces': 'auth [ success=ok  default=bad ] pam_permit.so [a b]\naccount required pam_permit.so',
  'a missing module that is passed over': `${PERMIT}-auth optional pam_gone.so\n-account [success=1 default=ignore] pam_gone.so`,
  'the account lines alone of a file': `auth required pam_permit.so\naccount include ${configDir}/included`,
  'an absolute path': `auth required ${moduleDirectories()[0]}/pam_permit.so\naccount required pam_permit.so`,
};

/** Lines that the daemon cannot do without. */
function isSound(text: string): boolean {
  const { broken, lines } = stackOf(text);
  return broken.length === 0 && missingModules(lines, moduleDirectories()).every(({ harmless }) => harmless);
}

describe('readStack() and libpam agree', () => {
  for (const [what, text] of Object.entries(refused)) {
    it(`on ${what}: nobody logs in`, () => assert.deepEqual([isSound(text), libpamTakes()], [false, false]));
  }
  for (const [what, text] of Object.entries(taken)) {
    it(`on ${what}: fine`, () => assert.deepEqual([isSound(text), libpamTakes()], [true, true]));
  }
});

test('an include by a relative name is looked for where this libpam looks: beside the service, or in /etc/pam.d', () => {
  const text = 'auth required pam_permit.so\naccount include included';
  assert.equal(isSound(text), libpamTakes());
});

test('a line keeps its place, its type and its arguments, also from an included file', () => {
  const { lines } = stackOf(`# first\nauth required pam_x.so a [b c] d\n@include ${configDir}/included`);
  assert.deepEqual(
    lines.map(({ place, type, module, arguments: words }) => [place, type, module, words]),
    [
      [`${configDir}/pamhook:2`, 'auth', 'pam_x.so', ['a', '[b c]', 'd']],
      [`${configDir}/included:1`, 'auth', 'pam_deny.so', []],
      [`${configDir}/included:2`, 'account', 'pam_permit.so', []],
    ],
  );
});

/** Lines as people and tools write them; they decide nothing but whether the file can be read. An include of nothing crashes libpam 1.5.2. */
const gap = fc.constantFrom(' ', ' ', '\t', '   ', ' \\\n  ', '\\\n', ' \\ \n', '\\\n\n# x \\\n \t\n');
const space = fc.constantFrom(' ', '  ', '\t');
const phase = fc.constantFrom('auth', 'account', 'AUTH', 'Account', '-auth', '-account');
const pair = fc.constantFrom(
  'auth_err=bad',
  'user_unknown=1',
  'new_authtok_reqd=done',
  'conv_err=die',
  'abort=reset',
  'default = bad',
);
const brackets = fc
  .tuple(fc.constantFrom('success=ok', 'success=ignore', 'success = ok'), fc.array(pair, { maxLength: 2 }), space)
  .map(([first, others, between]) => `[${[first, ...others].join(between)}]`);
const control = fc.oneof(fc.constantFrom('required', 'REQUISITE', 'Optional'), brackets);
const permitting = fc.constantFrom('pam_permit.so', `${moduleDirectories()[0]}/pam_permit.so`);
const more = fc.constantFrom(
  '',
  ' x',
  ' [a b]',
  ' [a\\] b]',
  ' # a comment',
  ' # \\',
  '#',
  ' x=1 [y]',
  ' [',
  ' ]',
  '\t',
);
const whole = fc.tuple(phase, gap, control, gap, permitting, more).map((parts) => parts.join(''));
const include = fc.tuple(phase, gap, fc.constantFrom('include', 'Substack'), gap, fc.constant(`${configDir}/permit`));
const right = fc.oneof(
  { weight: 6, arbitrary: whole },
  { weight: 2, arbitrary: include.map((parts) => parts.join('')) },
  fc.constantFrom('', '   ', '# a comment', '# \\', '\t#'),
);
const wrong = edited(whole, fc.constantFrom(...'[]=\\# \t\r\n-0aA', 'success', 'bad'), 2);

describe('readStack() and libpam agree on any file', () => {
  writeServices(join(configDir, '..'), { permit: PERMIT });

  it('that is right: fine', () => {
    fc.assert(
      fc.property(fc.array(right, { maxLength: 3 }), (lines) => {
        const text = `${PERMIT}${lines.join('\n')}\n`;
        assert.deepEqual([isSound(text), libpamTakes()], [true, true], JSON.stringify(text));
      }),
      { numRuns: 200 },
    );
  });

  it('that keeps everybody out: so it is said', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(right, wrong), { maxLength: 3 }), (lines) => {
        const text = `${PERMIT}${lines.join('\n')}\n`;
        if (isSound(text)) assert.ok(libpamTakes(), JSON.stringify(text));
      }),
      { numRuns: 300 },
    );
  });
});

// libpam 1.5.2 follows it until its stack overflows: not compared.
test('a service that includes itself is broken', () => {
  assert.match(stackOf(`${PERMIT}auth include ${configDir}/pamhook`).broken.join(), /includes too deeply, or itself/);
});

test('files that include each other many times over are given up soon', () => {
  const more = `@include ${configDir}/more\n`.repeat(50);
  writeServices(join(configDir, '..'), { more: `${more}auth required pam_permit.so\n` });
  const start = performance.now();
  assert.match(stackOf(`@include ${configDir}/more`).broken.join(), /includes too deeply, or itself/);
  assert.ok(performance.now() - start < 5_000);
});

test('no more than 4096 lines are kept, and a file of more than 256 KiB is not read', () => {
  const long = stackOf('auth optional pam_permit.so\n'.repeat(5_000));
  assert.equal(long.lines.length, 4096);
  assert.match(long.broken.join(), /more than 4096 lines/);
  assert.match(stackOf(`#${'x'.repeat(256 * 1024)}\n`).broken.join(), /cannot be read/);
});
