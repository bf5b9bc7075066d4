/** What a person can do at a prompt, on a real pseudo-terminal. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { childrenOf, MAIN, until } from '../daemon/daemon-harness.js';
import { atTerminal } from './terminal.js';

const MODULE = pathToFileURL(fileURLToPath(new URL('../../src/kubectl/login/terminal.js', import.meta.url)));

/** Asks once for each of `echo`, and prints what was typed as JSON. */
function ask(
  t: TestContext,
  { echo = [false], patience = 60_000 }: { echo?: readonly boolean[]; patience?: number } = {},
) {
  const script = `const { openTerminal } = await import('${MODULE}');
    const terminal = openTerminal(${patience});
    try {
      for (const echo of ${JSON.stringify(echo)}) {
        const secret = await terminal.ask('Say: ', echo);
        process.stdout.write(JSON.stringify(secret.bytes().toString()));
      }
    } catch (error) {
      process.stdout.write(error.message);
      process.exitCode = error.exitCode ?? 9;
    }
    terminal.close();`;
  return atTerminal(t, [process.execPath, '--input-type=module', '--eval', script], {
    env: { PATH: process.env['PATH'] },
  });
}

async function typing(t: TestContext, keys: string, options: Parameters<typeof ask>[1] = {}) {
  const person = ask(t, options);
  await person.sees('Say: ');
  person.types(keys);
  return person.ended;
}

describe('a prompt', () => {
  it('takes what is typed until Enter, whatever its bytes, and shows none of it', async (t) => {
    const { code, stdout, shown, echoes } = await typing(t, 'pässwört 🔑\r');
    assert.deepEqual([code, stdout, shown, echoes], [0, '"pässwört 🔑"', 'Say: \r\n', true]);
  });

  it('shows what may be seen', async (t) => {
    const { stdout, shown } = await typing(t, 'abc\u007fd\r', { echo: [true] });
    assert.equal(stdout, '"abd"');
    assert.match(shown, /Say: abd\r\n$/);
  });

  it('knows backspace, also behind a character of several bytes, and the key that begins anew', async (t) => {
    assert.equal((await typing(t, 'xé\u007fy\u0008z\r')).stdout, '"xz"');
    assert.equal((await typing(t, 'wrong\u0015right\r')).stdout, '"right"');
  });

  it('leaves what was typed ahead for the next', async (t) => {
    const { stdout } = await typing(t, 'one\rtwo\rthree', { echo: [false, false] });
    assert.equal(stdout, '"one""two"');
  });

  it('ends at Ctrl-C, and at Ctrl-D with nothing entered, and the terminal echoes again', async (t) => {
    const interrupted = await typing(t, 'abc\u0003');
    assert.deepEqual([interrupted.code, interrupted.echoes], [130, true]);
    const ended = await typing(t, '\u0004');
    assert.deepEqual([ended.code, ended.stdout, ended.echoes], [9, 'nothing was entered', true]);
  });

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    it(`ends at ${signal}, and the terminal echoes again`, async (t) => {
      const person = ask(t);
      await person.sees('Say: ');
      await until(() => childrenOf(person.pid).length > 0);
      for (const pid of childrenOf(person.pid)) process.kill(pid, signal);
      const ended = await person.ended;
      assert.deepEqual([ended.code, ended.echoes], [code, true]);
    });
  }

  it('refuses more than PAM takes, instead of cutting it', async (t) => {
    const { code, stdout } = await typing(t, `${'x'.repeat(600)}\r`);
    assert.deepEqual([code, stdout], [9, 'what was entered is longer than 511 bytes']);
    assert.equal((await typing(t, `${'x'.repeat(511)}\r`)).code, 0);
  });

  it('waits for a person, but not for ever', async (t) => {
    const { code, stdout, echoes } = await ask(t, { patience: 300 }).ended;
    assert.deepEqual([code, stdout, echoes], [9, 'nothing was entered for 0.3 s', true]);
  });

  it('is suspended by Ctrl-Z with the whole job, and asks anew when that goes on', { timeout: 60_000 }, async (t) => {
    // A shell with job control, as a person has it.
    const shell = ['bash', '--norc', '-im'];
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', TERM: 'dumb' };
    const person = atTerminal(t, ['bash', '-c', `exec ${shell.join(' ')} </dev/tty >/dev/tty 2>&1`], { env });
    person.types(`PS1='she''ll> '\n`);
    await person.sees('\nshell> ');
    person.types(`${process.execPath} ${MAIN} token --server https://localhost:9 --username alice --cache none\n`);
    await person.sees('Password of alice at localhost:9: ');
    person.types('abc\u001a');
    await person.sees('Stopped');
    await person.sees('\nshell> ');
    person.types('echo ec"ho"es; fg\n');
    await person.sees('echoes');
    await person.sees('Password of alice at localhost:9: ');
    person.types('def\u0003');
    await person.sees('\nshell> ');
    person.types('exit\n');
    const { shown } = await person.ended;
    assert.ok(!/abc|def/.test(shown), shown);
    assert.equal(shown.split('Password of alice').length, 3, shown);
  });
});
