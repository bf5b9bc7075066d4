/** What a daemon publishes for those who verify its tokens themselves, while its keys turn. */
import assert from 'node:assert/strict';
import { createPublicKey, type JsonWebKey, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import jwt from 'jsonwebtoken';
import { type Daemon, run, setScene, startDaemon, until } from './daemon-harness.js';

const CONFIGURATION = '/.well-known/openid-configuration';
const KEYS = '/.well-known/jwks.json';
const ISSUER = 'https://localhost/unix';

async function publishedBy(daemon: Daemon): Promise<readonly (JsonWebKey & { kid: string })[]> {
  return JSON.parse((await daemon.ask(KEYS)).body).keys;
}

async function tokenOf(daemon: Daemon): Promise<string> {
  const { status, body } = await daemon.login('alice', 'secret');
  assert.equal(status, 200);
  return body.trim();
}

function verifiedWith(keys: readonly (JsonWebKey & { kid: string })[], token: string): jwt.JwtPayload {
  const { header } = jwt.decode(token, { complete: true }) ?? assert.fail('no token');
  const jwk = keys.find(({ kid }) => kid === header.kid) ?? assert.fail('a key that is not published signed');
  const claims = jwt.verify(token, createPublicKey({ key: jwk, format: 'jwk' }), { issuer: ISSUER });
  return claims as jwt.JwtPayload;
}

describe('a daemon with an https server-name and an EC key', () => {
  it('publishes every key before it signs and as long as its tokens live', async (t) => {
    const scene = await setScene(t);
    const verification = join(scene.dir, 'tls', 'verification');
    const flags = ['-server-name', ISSUER, '-audience', 'kubernetes', '-verification-key-files', verification];
    const daemon = await startDaemon(t, scene, flags);
    const { issuer, jwks_uri } = JSON.parse((await daemon.ask(`/unix${CONFIGURATION}`)).body);
    assert.deepEqual([issuer, jwks_uri], [ISSUER, `${ISSUER}${KEYS}`]);
    const before = await tokenOf(daemon);
    assert.equal(verifiedWith(await publishedBy(daemon), before)['username'], 'alice');

    const rotate = () => run(['keys', 'rotate', '--dir', join(scene.dir, 'tls'), '--publish-for', '1s'], scene.env);
    const [, kid] = /^published (\S+)/m.exec((await rotate()).stdout) ?? assert.fail('nothing was published');
    await until(async () => (await publishedBy(daemon)).some((key) => key.kid === kid));
    await until(async () => /^promoted /m.test((await rotate()).stdout));
    // Whatever signs at any moment of this: its key has been published when the token is there.
    let token = before;
    await until(async () => {
      token = await tokenOf(daemon);
      verifiedWith(await publishedBy(daemon), token);
      return jwt.decode(token, { complete: true })?.header.kid === kid;
    });
    verifiedWith(await publishedBy(daemon), before);
  });

  it('has a key for every token while keys turn again and again under load', async (t) => {
    const scene = await setScene(t);
    const verification = join(scene.dir, 'tls', 'verification');
    const daemon = await startDaemon(t, scene, ['-server-name', ISSUER, '-verification-key-files', verification]);
    const kids = new Set<unknown>();
    let turning = true;
    const load = async () => {
      while (turning) {
        const token = await tokenOf(daemon);
        verifiedWith(await publishedBy(daemon), token);
        kids.add(jwt.decode(token, { complete: true })?.header.kid);
      }
    };
    const clients = Promise.all([load(), load(), load()]);
    const rotate = ['keys', 'rotate', '--dir', join(scene.dir, 'tls'), '--publish-for', '1s', '--every', '1s'];
    const turned = until(async () => {
      const { code, stderr } = await run(rotate, scene.env);
      assert.equal(code, 0, stderr);
      return kids.size > 2 || !turning;
    });
    await Promise.race([turned, clients]).finally(() => {
      turning = false;
    });
    await Promise.all([turned, clients]);
    assert(kids.size > 2);
  });

  it('publishes anew from a front that was started again', async (t) => {
    const daemon = await startDaemon(t, await setScene(t), ['-server-name', ISSUER]);
    const { headers, body } = await daemon.ask(KEYS);
    for (const pid of daemon.children('front')) process.kill(pid, 'SIGKILL');
    await daemon.logged('the front accepts connections again');
    const again = await daemon.ask(KEYS);
    assert.deepEqual([again.body, again.headers.etag], [body, headers.etag]);
  });
});

describe('a daemon publishes nothing', () => {
  it('while its server-name is no https URL, or it signs with an HMAC secret', async (t) => {
    const scene = await setScene(t);
    const secret = join(scene.dir, 'secret');
    writeFileSync(secret, randomBytes(32).toString('hex'), { mode: 0o600 });
    const public_ = join(scene.dir, 'tls', 'signing-key.pem');
    const hmac = ['-server-name', ISSUER, '-signing-key-file', secret, '-verification-key-files', public_];
    for (const flags of [[], ['-server-name', 'localhost'], hmac]) {
      const daemon = await startDaemon(t, { ...scene, flags: flagsWithout(scene.flags, flags) }, flags);
      for (const path of [CONFIGURATION, KEYS]) assert.equal((await daemon.ask(path)).status, 404);
      await tokenOf(daemon);
      await daemon.stop();
    }
  });
});

/** The flags of the scene that are not given otherwise. */
function flagsWithout(flags: readonly string[], others: readonly string[]): string[] {
  return flags.filter((flag, index) => !others.includes(flag.startsWith('-') ? flag : (flags[index - 1] ?? '')));
}
