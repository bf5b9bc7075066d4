import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addonCure } from '#src/native/addon-cure.js';

const missing = 'No native build was found for platform=linux';

test('addonCure() names the command that compiles the addon of this installation', () => {
  assert.match(addonCure(missing, '/opt/pamhook/', 'linux'), /`npm --prefix \/opt\/pamhook\/ run build:addon`/);
  const tooOld = "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found";
  assert.match(addonCure(tooOld, '/opt/pamhook/', 'linux'), /run build:addon/);
});

test('addonCure() sends nobody to compile where libpam is missing, or where pamhook cannot serve', () => {
  const noPam = 'libpam.so.0: cannot open shared object file: No such file or directory';
  assert.match(addonCure(noPam, '/opt/pamhook/', 'linux'), /^Install libpam /);
  assert.match(addonCure(missing, '/opt/pamhook/', 'darwin'), /^It needs Linux with glibc/);
});
