import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webhookBoundsOf } from '#src/privsep/connection-bounds.js';

const most = (mostOfWebhook: number) => ({
  most: 8192,
  mostPerSource: 4096,
  mostOfWebhook,
  handshakeTimeout: 1,
  headerTimeout: 1,
  requestTimeout: 1,
  keepAliveTimeout: 1,
});

test("webhookBoundsOf() gives one source half of the places, and them all a quarter of the process's descriptors", () => {
  assert.deepEqual(webhookBoundsOf(most(2048), Number.POSITIVE_INFINITY), {
    connections: 2048,
    connectionsPerSource: 1024,
  });
  assert.deepEqual(webhookBoundsOf(most(2048), 1024), { connections: 256, connectionsPerSource: 128 });
  assert.deepEqual(webhookBoundsOf(most(3), 1024), { connections: 3, connectionsPerSource: 2 });
  assert.deepEqual(webhookBoundsOf(most(2), 4), { connections: 2, connectionsPerSource: 1 });
});
