/** Tokens in a real gnome-keyring, on a session bus of the test's own; and what happens where there is none. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MAIN } from '../daemon/daemon-harness.js';
import { type Client, setGuest, withoutTerminal } from './scene.js';

/** Runs a script with a session bus; `$@` begins with node and pamhook. */
const ON_A_BUS = `exec dbus-run-session -- bash --norc -euo pipefail -c "$1" bash "\${@:2}"`;
const WITH_KEYRING = `
gnome-keyring-daemon --unlock --components=secrets --foreground <<<keyring-password >/dev/null 2>&1 & keyring=$!
trap 'kill -CONT $keyring; kill $keyring' EXIT
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true; do
  sleep 0.1
done
`;

async function onABus(t: TestContext, client: Client, script: string, env: NodeJS.ProcessEnv = {}) {
  const runtime = join(client.home, 'run');
  mkdirSync(runtime, { mode: 0o700, recursive: true });
  const command = [
    'bash',
    '--norc',
    '-c',
    ON_A_BUS,
    'bash',
    script,
    process.execPath,
    MAIN,
    ...client.flags.toSpliced(-2),
  ];
  // GNOME's library would look for the X server.
  const all = { ...client.env, XDG_RUNTIME_DIR: runtime, XDG_DATA_HOME: join(client.home, 'data'), ...env };
  return withoutTerminal(t, command, all, 'secret\n');
}

const files = ({ kept }: Client) =>
  existsSync(kept) ? readdirSync(kept).filter((file) => file.endsWith('.json')) : [];

describe('the keyring', { timeout: 60_000 }, () => {
  it('keeps the token, and no file does, until logout', async (t) => {
    const client = await setGuest(t);
    const { code, stdout, stderr } = await onABus(
      t,
      client,
      `${WITH_KEYRING}
      node=$1 main=$2; shift 2
      pamhook() { local command=$1; shift; "$node" "$main" "$command" "$@" --cache keyring; }
      pamhook login "$@" --password-stdin
      pamhook token "$@" > "$HOME/one"; pamhook token "$@" > "$HOME/two"
      cmp "$HOME/one" "$HOME/two"
      pamhook whoami "$@"
      pamhook logout "$@"
      ! pamhook whoami "$@"
      echo secret | pamhook login "$@" --password-stdin
      "$node" "$main" logout --all`,
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Logged in .*username: alice\n.*Forgot the token of alice.*Logged in .*Forgot one token\n$/s);
    assert.match(stderr, /not logged in/);
    assert.doesNotMatch(stderr, /note/);
    assert.deepEqual([files(client), client.audited('token.issued')], [[], 2]);
  });

  it('is the choice of a desktop session, and a file everywhere else', async (t) => {
    const client = await setGuest(t);
    const script = `${WITH_KEYRING}
      node=$1 main=$2; shift 2
      "$node" "$main" login "$@" --password-stdin`;
    assert.equal((await onABus(t, client, script, { DISPLAY: ':7' })).code, 0);
    assert.deepEqual(files(client), []);
    assert.equal((await onABus(t, client, script)).code, 0);
    assert.equal(files(client).length, 1);
  });

  it('that cannot be asked is noted once, and a file serves in its place', async (t) => {
    const client = await setGuest(t);
    const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' };
    const flags = [...client.flags.toSpliced(-2), '--cache', 'keyring'];
    const login = await client.run(['login', ...flags, '--password-stdin'], { env, input: 'secret\n' });
    assert.equal(login.code, 0);
    assert.match(
      login.stderr,
      /^pamhook: note: the keyring cannot be used \([^\n]*\), so a file is; --cache file asks for that\n$/,
    );
    assert.equal(files(client).length, 1);
    const token = await client.run(['token', ...flags], { env });
    assert.deepEqual([token.code, token.stderr], [0, '']);
    assert.equal(client.audited('token.issued'), 1);
    const logout = await client.run(['logout', ...flags], { env });
    assert.match(logout.stdout, /^Forgot the token/);
    assert.deepEqual(files(client), []);
  });

  it('that stands still holds nobody up for long', async (t) => {
    const client = await setGuest(t);
    const { code, stderr } = await onABus(
      t,
      client,
      `${WITH_KEYRING}
      kill -STOP $keyring
      node=$1 main=$2; shift 2
      "$node" "$main" token "$@" --cache keyring --password-stdin`,
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /note: the keyring cannot be used/);
  });
});
