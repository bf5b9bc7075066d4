/** Where settings come from, in their order, and what is refused of them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type GivenFlags, parseClientArguments } from '#src/kubectl/arguments.js';
import { findsKeyring } from '#src/kubectl/cache/keyring-session.js';
import { readSettings } from '#src/kubectl/settings.js';
import type { Sources } from '#src/kubectl/sources.js';
import { createCertificate } from '../harness/certificate.js';
import { scratchDirectory } from '../harness/scratch.js';

const NOTHING: Sources = {
  given: {},
  inExecBlock: {},
  extension: undefined,
  environment: {},
  clusterProxyUrl: undefined,
};
const settings = (sources: Partial<Sources>) =>
  readSettings({ ...NOTHING, given: { server: 'https://pamhook' }, ...sources }, 'name it');

describe('settings', () => {
  it('come from flags, then the exec block, then the extension of the cluster, then the environment', async () => {
    const extension = {
      server: 'https://extension',
      username: 'extension',
      lifetime: 'extension',
      audience: 'extension',
    };
    const inExecBlock = { server: 'https://block', username: 'block', lifetime: 'block' };
    const given = { server: 'https://flag', username: 'flag' };
    const environment = {
      PAMHOOK_SERVER: 'https://variable',
      PAMHOOK_USERNAME: 'variable',
      PAMHOOK_LIFETIME: 'variable',
      PAMHOOK_AUDIENCE: 'variable',
      PAMHOOK_CACHE: 'none',
      PAMHOOK_PASSWORD_COMMAND: 'variable',
    };
    const { server, username, lifetime, audience, cache, passwordCommand } = await settings({
      given,
      inExecBlock,
      extension,
      environment,
    });
    assert.deepEqual(
      [server.href, username, lifetime, audience, cache, passwordCommand],
      ['https://flag/', 'flag', 'block', ['extension'], 'none', 'variable'],
    );
  });

  it('have defaults, and empty variables and fields count as unset', async () => {
    const empty = { PAMHOOK_USERNAME: '', PAMHOOK_AUDIENCE: '', PAMHOOK_CACHE: '', PAMHOOK_PASSWORD_COMMAND: '' };
    const found = await settings({ environment: empty, extension: { username: '', lifetime: null } });
    assert.deepEqual(
      [found.username, found.audience, found.lifetime, found.cache, found.ca, found.proxyUrl, found.passwordCommand],
      [userInfo().username, [], undefined, 'file', undefined, undefined, undefined],
    );
  });

  it('name audiences by repeated flags, a list in the extension, or a comma list in the variable', async () => {
    const audiences = async (sources: Partial<Sources>) => (await settings(sources)).audience;
    assert.deepEqual(await audiences({ given: { server: 'https://a', audience: ['b', 'a', 'b'] } }), ['a', 'b']);
    assert.deepEqual(await audiences({ given: { server: 'https://a', audience: ['a,b'] } }), ['a,b']);
    assert.deepEqual(await audiences({ extension: { audience: ['b', 'a'] } }), ['a', 'b']);
    assert.deepEqual(await audiences({ extension: { audience: 'a,b' } }), ['a,b']);
    assert.deepEqual(await audiences({ environment: { PAMHOOK_AUDIENCE: 'b, a,' } }), ['a', 'b']);
  });

  it('have a CA from a file of a flag or a variable, or from the extension, which may hold it', async (t) => {
    const { cert } = await createCertificate();
    const file = join(scratchDirectory(t), 'ca.crt');
    writeFileSync(file, cert);
    const ca = async (sources: Partial<Sources>) => (await settings(sources)).ca;
    const data = { 'certificate-authority-data': Buffer.from(cert).toString('base64') };
    assert.equal(await ca({ given: { server: 'https://a', 'certificate-authority': file } }), cert);
    assert.equal(await ca({ environment: { PAMHOOK_CERTIFICATE_AUTHORITY: file } }), cert);
    assert.equal(await ca({ extension: { 'certificate-authority': file } }), cert);
    assert.equal(await ca({ extension: data, environment: { PAMHOOK_CERTIFICATE_AUTHORITY: '/nowhere' } }), cert);
    await assert.rejects(ca({ extension: { ...data, 'certificate-authority': file } }), /has both/);
    await assert.rejects(ca({ extension: { 'certificate-authority': 'ca.crt' } }), /ca\.crt is no absolute path/);
    await assert.rejects(ca({ extension: { 'certificate-authority-data': 'AAAA' } }), /holds no certificate in PEM/);
    await assert.rejects(
      ca({ given: { server: 'https://a', 'certificate-authority': '/nowhere' } }),
      /cannot be read \(ENOENT\)/,
    );
  });

  it('prefer the own proxy to that of the cluster', async () => {
    const proxy = async (sources: Partial<Sources>) =>
      (await settings({ clusterProxyUrl: 'http://cluster', ...sources })).proxyUrl;
    assert.equal(await proxy({}), 'http://cluster');
    assert.equal(await proxy({ extension: { 'proxy-url': 'direct' } }), 'direct');
  });

  it('run no command that the cluster names', async () => {
    const { passwordCommand, passwordStdin } = await settings({
      extension: { 'password-command': 'false', 'password-stdin': true },
    });
    assert.deepEqual([passwordCommand, passwordStdin], [undefined, false]);
  });

  for (const [what, sources, says] of [
    ['no server', { given: {} }, 'it is not said where pamhook serves'],
    ['a server without https', { given: { server: 'http://a' } }, 'server http://a is no https URL'],
    ['no URL', { given: { server: 'pamhook' } }, 'server pamhook is no URL'],
    ['what is no host name', { given: { server: 'https://\u00c3\u00a0' } }, /^server https:.* is no URL$/],
    [
      'a password in the URL',
      { given: { server: 'https://a:secret@b' } },
      'server https://…@b has more in it than host, port and path',
    ],
    [
      'a query in the URL',
      { given: { server: 'https://a/?x' } },
      'server https://a/?x has more in it than host, port and path',
    ],
    ['a name with a colon', { environment: { PAMHOOK_USERNAME: 'a:b' } }, /^username must be 1 to 511 bytes/],
    [
      'a name that is too long',
      { environment: { PAMHOOK_USERNAME: 'a'.repeat(512) } },
      /^username must be 1 to 511 bytes/,
    ],
    [
      'a control character',
      { environment: { PAMHOOK_LIFETIME: '1\r\nh' } },
      /^lifetime must be at most 1024 bytes without control/,
    ],
    ['an unknown cache', { environment: { PAMHOOK_CACHE: 'x' } }, 'cache must be one of keyring, file, none, not x'],
    [
      'an unknown cache of the cluster',
      { extension: { cache: 'x' } },
      /^cache in the cluster's extension .* must be one of/,
    ],
    ['a number', { extension: { lifetime: 5 } }, /^lifetime in the cluster's extension .* must be text$/],
  ] as const satisfies readonly (readonly [string, Partial<Sources>, string | RegExp])[]) {
    it(`are refused with ${what}`, async () => {
      await assert.rejects(settings(sources), { name: 'ConfigurationError', message: says });
    });
  }
});

describe('parseClientArguments()', () => {
  const parse = (...argv: string[]): GivenFlags => parseClientArguments('pamhook', 'login', argv);

  it('takes one dash or two, and a value behind a space or an equals sign', () => {
    assert.deepEqual(
      { ...parse('-server', 'https://a', '--username=b', '-audience=c', '--audience', 'd', '-password-stdin') },
      {
        server: 'https://a',
        username: 'b',
        audience: ['c', 'd'],
        'password-stdin': true,
      },
    );
  });

  it('refuses what it does not know, in one line that repeats no value', () => {
    for (const argv of [['--password=secret'], ['secret'], ['--cache', 'secret'], ['--server'], ['--output', 'json']]) {
      assert.throws(
        () => parse(...argv),
        (error: Error) => error.name === 'ConfigurationError' && !/secret|\n/.test(error.message),
        argv.join(' '),
      );
    }
  });
});

describe('findsKeyring()', () => {
  it('is true in a desktop session alone', () => {
    const bus = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x' };
    assert.equal(findsKeyring({ ...bus, DISPLAY: ':0' }, 'linux'), true);
    assert.equal(findsKeyring({ ...bus, WAYLAND_DISPLAY: 'wayland-0' }, 'linux'), true);
    assert.equal(findsKeyring(bus, 'linux'), false);
    assert.equal(findsKeyring({ DISPLAY: ':0', XDG_RUNTIME_DIR: '/nonexistent' }, 'linux'), false);
    assert.equal(findsKeyring({}, 'darwin'), true);
  });
});
