import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Locations, locate } from '#src/kubectl/kubeconfig/locations.js';

const among = (explicit: string | undefined, variable: string | undefined, ...existing: string[]): Locations =>
  locate({ explicit, variable, home: '/home/alice', exists: (path) => existing.includes(path) });

it('locate() takes the file that is named, whatever the variable says', () => {
  assert.deepEqual(among('/x', '/a:/b', '/a'), { files: ['/x'], fallback: '/x' });
});

it('locate() takes ~/.kube/config where the variable is unset, empty, or has nothing in it', () => {
  const home = { files: ['/home/alice/.kube/config'], fallback: '/home/alice/.kube/config' };
  for (const variable of [undefined, '', ':', '::']) assert.deepEqual(among(undefined, variable), home);
});

it('locate() takes each file of the variable once, in its order, and leaves out empty ones', () => {
  assert.deepEqual(among(undefined, '/a::/b:/a', '/a').files, ['/a', '/b']);
});

it('locate() puts what is new into the first file that is there, and into the last where none is', () => {
  assert.equal(among(undefined, '/a:/b:/c', '/b', '/c').fallback, '/b');
  assert.equal(among(undefined, '/a:/b:/c').fallback, '/c');
});
