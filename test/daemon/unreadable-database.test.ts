/** The daemon when /etc/passwd or /etc/group cannot be read, whatever stands behind `files` in nsswitch.conf: as it is on a real machine. */
import assert from 'node:assert/strict';
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { before, describe, it, type TestContext } from 'node:test';
import { enterThrowAwayRoot, outside } from '../harness/throw-away-root.js';
import { addUser, install, PASSWORD, setMachine } from '../pam.d-examples/machine.js';
import { type Daemon, startDaemon, until } from './daemon-harness.js';

enterThrowAwayRoot(import.meta.url);

const FAULTS = {
  'is not readable': {
    begin: (file: string) => chmodSync(file, 0o600),
    end: (file: string) => chmodSync(file, 0o644),
  },
  'is missing': {
    begin: (file: string) => renameSync(file, `${file}.away`),
    end: (file: string) => renameSync(`${file}.away`, file),
  },
};

async function serve(t: TestContext, services: string): Promise<{ daemon: Daemon; token: string }> {
  writeFileSync('/etc/nsswitch.conf', `passwd: ${services}\ngroup: ${services}\n`);
  const scene = await setMachine(t);
  const daemon = await startDaemon(t, scene, ['-identity-cache-ttl', '0s', '-identity-stale-for', '0s']);
  const { status, body } = await daemon.login('alice', PASSWORD);
  assert.equal(status, 200, body);
  return { daemon, token: body.trim() };
}

function outcome({ status, review }: Awaited<ReturnType<Daemon['review']>>): string {
  if (status === 500) return 'could not check';
  return review.status.authenticated ? (review.status.user?.groups.join() ?? '') : 'no';
}

describe('a database of accounts', () => {
  before(() => {
    if (outside) return;
    install('debian', '/etc/pam.d/pamhook');
    addUser('alice', ['developers']);
  });

  for (const services of ['files', 'files systemd']) {
    it(`of \`${services}\` that cannot be read is asked in vain: nobody is refused for it, and nobody loses a group`, {
      skip: outside,
    }, async (t) => {
      const { daemon, token } = await serve(t, services);
      const seen = async () => outcome(await daemon.review(token));
      assert.equal(await seen(), 'alice,developers');
      for (const [fault, { begin, end }] of Object.entries(FAULTS)) {
        for (const file of ['/etc/passwd', '/etc/group']) {
          begin(file);
          try {
            assert.equal(await seen(), 'could not check', `${file} ${fault}`);
          } finally {
            end(file);
          }
          await until(async () => (await seen()) === 'alice,developers');
        }
      }
    });
  }
});
