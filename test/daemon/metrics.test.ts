/** Real scrapes of a real daemon: what they tell after logins and reviews, and that nothing done to them or by them disturbs the service. */
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { metricEntries } from '#src/metrics/catalogue.js';
import { inCommon } from '../harness/in-common.js';
import { dialTcp } from '../harness/raw-client.js';
import type { Ending } from '../harness/scratch.js';
import { newCertificate } from '../keys/certificates.js';
import { ALICE, type Daemon, isAlive, isRoot, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

const ALERTS = fileURLToPath(new URL('../../../deploy/prometheus/alerts.yaml', import.meta.url));
const needsRoot = isRoot ? false : 'needs root';

function metricsPort(daemon: Daemon): number {
  const line = daemon
    .stderr()
    .split('\n')
    .find((text) => text.includes('"message":"metrics are served"'));
  return JSON.parse(line ?? '{}').port;
}

async function start(t: Ending, flags: readonly string[] = [], scene?: Scene) {
  const daemon = await startDaemon(t, scene ?? (await setScene(t)), ['-metrics-bind-address', '127.0.0.1:0', ...flags]);
  const port = metricsPort(daemon);
  return { daemon, port, scrape: (from?: string) => scrape(port, { ...(from ? { localAddress: from } : {}) }) };
}

/** For those who only look at what is scraped. */
const looked = inCommon((t) => start(t));

interface Scrape {
  readonly status: number;
  readonly body: string;
}

function scrape(port: number, options: { ca?: string; localAddress?: string } = {}): Promise<Scrape> {
  const request = options.ca === undefined ? plainRequest : tlsRequest;
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/metrics', agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Values by series, as they are written. */
function seriesIn(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** Until a scrape has these values; a process that is being replaced may refuse meanwhile. */
async function untilTold(port: number, wanted: Readonly<Record<string, number>>): Promise<ReadonlyMap<string, number>> {
  let seen: ReadonlyMap<string, number> = new Map();
  await until(async () => {
    seen = seriesIn((await scrape(port).catch(() => ({ body: '' }))).body);
    return Object.entries(wanted).every(([series, value]) => seen.get(series) === value);
  });
  return seen;
}

const REVIEWS = (answer: string) => `pamhook_reviews_total{answer="${answer}"}`;
const RESTARTS = (process: string) => `pamhook_process_restarts_total{process="${process}"}`;

describe('the metrics of a daemon', { concurrency: 4 }, () => {
  it('tell of logins, reviews, requests, processes and files, and of nobody', async (t) => {
    const { daemon, port } = await start(t);
    const token = (await daemon.login('alice', 'secret')).body.trim();
    assert.equal((await daemon.login('alice', 'wrong')).status, 401);
    assert.equal((await daemon.login('mallory"} 1', 'wrong', { from: '127.8.2.1' })).status, 401);
    for (let count = 0; count < 3; count += 1) await daemon.review(token);
    await daemon.review('garbage');
    await daemon.ask('/nobody/knows?user=alice');
    const seen = await untilTold(port, {
      'pamhook_logins_total{outcome="issued"}': 1,
      'pamhook_logins_total{outcome="refused"}': 2,
      pamhook_login_duration_seconds_count: 3,
      'pamhook_pam_transaction_duration_seconds_count{verb="issue"}': 3,
      'pamhook_queue_wait_seconds_count{verb="issue"}': 3,
      [REVIEWS('yes')]: 3,
      [REVIEWS('no')]: 1,
      pamhook_review_duration_seconds_count: 4,
      'pamhook_identity_lookups_total{result="miss"}': 1,
      'pamhook_identity_lookups_total{result="hit"}': 2,
      pamhook_identity_cache_entries: 1,
      'pamhook_http_requests_total{path="/token",status="2xx"}': 1,
      'pamhook_http_requests_total{path="/token",status="4xx"}': 2,
      'pamhook_http_requests_total{path="/authenticate",status="2xx"}': 4,
      'pamhook_http_requests_total{path="other",status="4xx"}': 1,
      pamhook_connections_accepted_total: 8,
      'pamhook_pam_workers{state="idle"}': 1,
      pamhook_pam_workers_limit: 4,
      pamhook_queue_limit: 2048,
      pamhook_verification_keys: 1,
      'pamhook_processes{process="front"}': 1,
      'pamhook_processes{process="metrics"}': 1,
    });
    const now = Date.now() / 1000;
    assert.ok((seen.get('pamhook_certificate_not_after_timestamp_seconds{listener="main"}') ?? 0) > now);
    assert.ok((seen.get('pamhook_certificate_not_before_timestamp_seconds{listener="main"}') ?? now) < now);
    assert.ok((seen.get('pamhook_signing_key_modified_timestamp_seconds') ?? 0) > now - 3_600);
    const { body } = await scrape(port);
    assert.doesNotMatch(body, /alice|mallory|127\.|nobody|secret|pam\.d|\/tmp/);
  });

  it('tell of the memory, CPU time and descriptors of each process', async () => {
    const { port } = await looked();
    let seen: ReadonlyMap<string, number> = new Map();
    const of = (metric: string, process: string) => seen.get(`pamhook_process_${metric}{process="${process}"}`) ?? 0;
    // A process that is just starting has next to nothing yet.
    await until(async () => {
      seen = seriesIn((await scrape(port)).body);
      return ['supervisor', 'front', 'worker', 'metrics'].every((name) => of('resident_memory_bytes', name) > 10e6);
    });
    assert.ok(of('cpu_seconds_total', 'supervisor') > 0);
    assert.ok(of('open_fds', 'supervisor') > 5);
    if (isRoot) assert.ok(of('proportional_memory_bytes', 'front') > 1e6);
  });

  it('have the same series whatever clients send, each with a name and labels of the table', async () => {
    const { daemon, port } = await looked();
    const before = await untilTold(port, {
      'pamhook_processes{process="front"}': 1,
      pamhook_identity_cache_entries: 0,
    });
    for (let count = 0; count < 20; count += 1) {
      await daemon.ask(`/path-${count}`, {
        method: count % 2 === 0 ? 'PUT' : 'GET',
        headers: { 'user-agent': `agent-${count}` },
      });
      await daemon.review(`garbage-${count}`);
    }
    await daemon.login('somebody', 'x', { from: '127.8.2.2' });
    const after = await untilTold(port, { [REVIEWS('no')]: 20 });
    const names = (series: ReadonlyMap<string, number>) => [...series.keys()].filter((name) => !/_process_/.test(name));
    assert.deepEqual(names(after), names(before));
    const known = new Map(metricEntries.map(([name, metric]) => [name as string, metric]));
    for (const series of after.keys()) {
      const [, name = '', labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(series) ?? [];
      const metric = known.get(name) ?? known.get(name.replace(/_(bucket|sum|count)$/, ''));
      assert.ok(metric, series);
      for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
        assert.ok(label === 'le' || metric.labels[label]?.includes(value), series);
      }
    }
  });

  it('do not go down when the front is replaced', async (t) => {
    const { daemon, port } = await start(t);
    const token = (await daemon.login('alice', 'secret')).body.trim();
    for (let count = 0; count < 3; count += 1) await daemon.review(token);
    await untilTold(port, { [REVIEWS('yes')]: 3 });
    for (const pid of daemon.children('front')) process.kill(pid, 'SIGKILL');
    await untilTold(port, { [REVIEWS('yes')]: 3, [RESTARTS('front')]: 1 });
    await until(async () => (await daemon.ask('/heartbeat').catch(() => ({ status: 0 }))).status === 200);
    await daemon.review(token);
    await untilTold(port, { [REVIEWS('yes')]: 4, [RESTARTS('front')]: 1 });
  });

  it('are served again when their process was killed or stopped, and nothing else notices', async (t) => {
    const { daemon, port } = await start(t);
    const others = () => [...daemon.children('front'), ...daemon.children('worker')];
    await untilTold(port, { 'pamhook_pam_workers{state="idle"}': 1 });
    const before = others();
    for (const [times, signal] of (['SIGKILL', 'SIGSTOP'] as const).entries()) {
      const [pid = 0] = daemon.children('metrics');
      process.kill(pid, signal);
      const { status, body } = await daemon.login('alice', 'secret');
      assert.equal(status, 200);
      assert.equal((await daemon.review(body.trim())).review.status.authenticated, true);
      await until(() => !isAlive(pid));
      await untilTold(port, { [RESTARTS('metrics')]: times + 1, 'pamhook_logins_total{outcome="issued"}': times + 1 });
    }
    assert.deepEqual(others(), before);
  });

  it('are served to one address while another floods and hangs, and so is everything else', async (t) => {
    const { daemon, port, scrape } = await start(t);
    await untilTold(port, { [REVIEWS('yes')]: 0 });
    const flooder = '127.8.2.3';
    const hung = await Promise.all(Array.from({ length: 40 }, () => dialTcp(port, flooder)));
    t.after(() => {
      for (const { socket } of hung) socket.destroy();
    });
    let flooding = true;
    const floods = Array.from({ length: 8 }, async () => {
      while (flooding) await scrape(flooder).catch(() => {});
    });
    for (let count = 0; count < 10; count += 1) assert.equal((await scrape()).status, 200);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    flooding = false;
    await Promise.all(floods);
    assert.equal(daemon.children('metrics').length, 1);
  });

  it('speak TLS where they have a certificate, and another one without a restart', async (t) => {
    const scene = await setScene(t);
    const [cert, key] = [join(scene.dir, 'metrics.crt'), join(scene.dir, 'metrics.key')];
    const put = async () => {
      const validity = { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 3_600_000 };
      const made = await newCertificate({ ...validity, names: [{ type: 'ip', value: '127.0.0.1' }] });
      writeFileSync(key, made.key, { mode: 0o600 });
      writeFileSync(cert, made.certificate);
      return made.certificate;
    };
    const first = await put();
    const { daemon, port } = await start(t, ['-metrics-cert-file', cert, '-metrics-key-file', key], scene);
    const trusted = (ca: string) =>
      scrape(port, { ca }).then(
        ({ status }) => status === 200,
        () => false,
      );
    await until(() => trusted(first));
    await assert.rejects(scrape(port));
    const second = await put();
    await until(() => trusted(second));
    assert.equal(await trusted(first), false);
    copyFileSync(join(scene.dir, 'tls', 'server.key'), key);
    await daemon.logged('"message":"cannot be loaded; what was in use is kept"');
    assert.equal(await trusted(second), true);
    const [pid = 0] = daemon.children('metrics');
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid));
    await until(() => trusted(second));
  });

  it('come from a process without any privilege', { skip: needsRoot }, async (t) => {
    const passwd = [ALICE, 'metrics:x:20061:20061::/nonexistent:/bin/false'];
    const { daemon, port } = await start(t, ['-metrics-run-as', 'metrics'], await setScene(t, { passwd }));
    await untilTold(port, { [REVIEWS('yes')]: 0 });
    const [pid = 0] = daemon.children('metrics');
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
      assert.match(status, /^Uid:\t20061\t20061\t20061\t20061$/m);
      assert.match(status, /^Gid:\t20061\t20061\t20061\t20061$/m);
      assert.match(status, /^Cap(Prm|Eff|Amb):\t0+$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
    }
  });

  it('are not served, and nobody has a process for them, where no address is given', async (t) => {
    const daemon = await startDaemon(t, await setScene(t));
    await until(() => daemon.children('worker').length === 1);
    assert.deepEqual(daemon.children('metrics'), []);
    assert.equal((await daemon.ask('/metrics')).status, 404);
  });

  it('end with the daemon, and their port is free', async (t) => {
    const { daemon, port } = await start(t);
    const [pid = 0] = daemon.children('metrics');
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
    assert.equal(isAlive(pid), false);
    await assert.rejects(scrape(port), { code: 'ECONNREFUSED' });
  });
});

describe('the alert rules', () => {
  interface Rule {
    readonly alert: string;
    readonly expr: string;
    readonly annotations: Readonly<Record<string, string>>;
  }
  const { groups } = parse(readFileSync(ALERTS, 'utf8')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  /** Metrics in an expression, each with what stands in its braces. */
  const namedIn = (expr: string) => [...expr.matchAll(/\b(pamhook_\w+|up)(?:\{([^}]*)\})?/g)];

  it('say what they mean and what to do, and name at least one metric each', () => {
    assert.ok(rules.length >= 8);
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    for (const { alert, expr, annotations } of rules) {
      assert.ok(namedIn(expr).length > 0, alert);
      assert.match(annotations['summary'] ?? '', /pamhook/, alert);
      assert.ok((annotations['description'] ?? '').length > 80, alert);
    }
  });

  it('name metrics, labels and values that a scrape has', async (t) => {
    const store = ['-limits-store', 'redis://127.0.0.1:1'];
    const { port } = await start(t, store);
    const seen = await untilTold(port, { [REVIEWS('yes')]: 0, 'pamhook_processes{process="front"}': 1 });
    const labelled = (name: string, label: string, value: RegExp) =>
      [...seen.keys()].some((series) => series.startsWith(`${name}{`) && value.test(labelOf(series, label)));
    for (const { alert, expr, annotations } of rules) {
      for (const [, name = '', selectors = ''] of namedIn(expr)) {
        if (name === 'up') continue;
        assert.ok(
          [...seen.keys()].some((series) => series === name || series.startsWith(`${name}{`)),
          `${alert}: ${name}`,
        );
        for (const [, label = '', operator, values = ''] of selectors.matchAll(/(\w+)(=~|=)"([^"]*)"/g)) {
          for (const value of operator === '=~' ? values.split('|') : [values]) {
            assert.ok(labelled(name, label, new RegExp(`^${value}$`)), `${alert}: ${name} ${label} ${value}`);
          }
        }
      }
      for (const grouped of expr.matchAll(/by \(([^)]*)\)/g)) assertLabels(alert, grouped[1] ?? '', expr);
      for (const [, label = ''] of Object.values(annotations)
        .join()
        .matchAll(/\$labels\.(\w+)/g)) {
        assertLabels(alert, label, expr);
      }
    }
    /** Each is one of Prometheus' own, or of a metric in the expression. */
    function assertLabels(alert: string, labels: string, expr: string): void {
      const own = namedIn(expr).flatMap(([, name = '']) =>
        [...seen.keys()].filter((series) => series.startsWith(`${name}{`)),
      );
      for (const label of labels.split(/,\s*/)) {
        assert.ok(label === 'instance' || own.some((series) => labelOf(series, label) !== ''), `${alert}: ${label}`);
      }
    }
  });
});

function labelOf(series: string, label: string): string {
  return new RegExp(`[{,]${label}="([^"]*)"`).exec(series)?.[1] ?? '';
}
