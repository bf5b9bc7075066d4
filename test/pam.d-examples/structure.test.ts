/** What every example has in common, read from its lines; the other tests here run them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../harness/child.js';
import { EXAMPLES } from './machine.js';

const files = readdirSync(EXAMPLES).filter((file) => file !== 'README.md');
const services = files.filter((file) => !file.endsWith('.conf'));
const read = (file: string) => readFileSync(join(EXAMPLES, file), 'utf8');

/** The lines that libpam sees. */
function rulesOf(service: string): string[] {
  return read(service)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

for (const service of services) {
  test(`the example ${service} says what it does, what it needs and what can go wrong`, () => {
    const text = read(service);
    assert.match(text, /^# \/etc\/pam\.d\/pamhook /);
    for (const part of [/^# Packages?: /m, /^# Hazards?: ?/m]) assert.match(text, part);
  });

  test(`the example ${service} ends by denying, in both phases`, () => {
    const rules = rulesOf(service);
    const auth = rules.filter((rule) => /^(auth\s|@include common-auth$)/.test(rule));
    const account = rules.filter((rule) => /^(account\s|@include common-account$)/.test(rule));
    assert.equal(auth.length + account.length, rules.length, 'nothing but the two phases');
    const denying = auth.findLastIndex((rule) =>
      /^(@include common-auth|auth requi(red|site) pam_deny\.so)$/.test(rule),
    );
    assert.ok(denying >= 0);
    for (const rule of auth.slice(denying + 1)) assert.match(rule, /^auth requi(red|site) /);
    assert.match(account.at(-1) ?? '', /^(@include common-account$|account requi(red|site) )/);
  });

  test(`the example ${service} lets in no empty password`, () => {
    assert.doesNotMatch(rulesOf(service).join('\n'), /nullok/);
  });
}

test('every example is in the index, and is run by a test', () => {
  const index = read('README.md');
  const tests = readdirSync(join(ROOT, 'test/pam.d-examples')).filter((file) => file !== 'structure.test.ts');
  const source = tests.map((file) => readFileSync(join(ROOT, 'test/pam.d-examples', file), 'utf8')).join('\n');
  for (const file of files) {
    assert.ok(index.includes(`[${file}](${file})`), file);
    assert.match(source, new RegExp(`install\\('${file}'|^  '${file}': \\{`, 'm'), `nothing runs ${file}`);
  }
});
