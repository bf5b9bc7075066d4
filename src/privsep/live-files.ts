/** What may change without a restart: certificate, CA of clients, keys and kubeconfig template, checked by the code that checks them at the start. Runs in the supervisor. */
import type { Settings } from '../config/settings.js';
import { readClientCa } from './ca-file.js';
import { type FileWatch, watchFiles } from './file-watch.js';
import type { FrontKeeper } from './front-keeper.js';
import { type Reading, readKeys, readTls } from './key-files.js';
import { createLiveKeys } from './live-keys.js';
import type { Audit } from './login-desk.js';
import type { MetricsKeeper } from './metrics-keeper.js';
import { liveMetricsFiles } from './metrics-startup.js';
import type { TemplateFrame } from './protocol.js';
import type { Prepared } from './startup.js';
import { liveStoreFiles } from './store-files.js';
import type { StoreKeeper } from './store-keeper.js';
import { readTemplate, templateFrames } from './template-file.js';
import type { WorkerPool } from './worker-pool.js';

/** How often keys whose last token has ended are looked for, milliseconds. */
const SWEEP_INTERVAL = 10_000;

export interface LiveFilesOptions {
  readonly settings: Settings;
  readonly prepared: Prepared;
  readonly pool: Pick<WorkerPool, 'changeSigningKey'>;
  readonly keeper: Pick<FrontKeeper, 'changeTls' | 'changeVerificationKeys'>;
  readonly front: Pick<FrontKeeper, 'changeTemplate'>;
  readonly store: StoreKeeper | undefined;
  readonly metrics: Pick<MetricsKeeper, 'changeTls'> | undefined;
  readonly reading: Reading;
  readonly audit: Audit;
}

/** Watches for as long as the process lives. */
export function keepFilesLive(options: LiveFilesOptions): Promise<FileWatch> {
  const audited: LiveFilesOptions = { ...options, audit: orLog(options) };
  const { settings, prepared, store, metrics, reading } = options;
  const ofStore = prepared.store && store ? [liveStoreFiles(settings, prepared.store, reading, store.change)] : [];
  const { tls } = prepared.metrics?.configuration ?? {};
  const ofMetrics = tls && metrics ? [liveMetricsFiles(settings, tls, reading, metrics.changeTls)] : [];
  const all = [...tlsOf(audited), keysOf(audited), ...templateOf(audited), ...ofStore, ...ofMetrics];
  return watchFiles(all, reading.log);
}

/** What has changed has changed, also when the line about it cannot be written. */
function orLog({ audit, reading }: LiveFilesOptions): Audit {
  return (...line) => {
    try {
      audit(...line);
    } catch (fault) {
      reading.log.error('the audit log cannot be written', { fault });
    }
  };
}

/** Apart: a bad CA of clients must not hold up a new certificate. */
function tlsOf({ settings, prepared, keeper, reading, audit }: LiveFilesOptions) {
  const { certFile, keyFile, clientCaFile } = settings;
  let current = prepared.front.tls;

  function change(next: typeof current, event: 'certificate.changed' | 'client-ca.changed'): void {
    keeper.changeTls(next);
    current = next;
    audit({ event }, 'supervisor', process.pid);
  }

  const certificate = {
    name: 'certificate',
    paths: [certFile, keyFile],
    async load() {
      const tls = readTls(settings, reading);
      if (tls.cert === current.cert && tls.key.bytes().equals(current.key.bytes())) return;
      change({ ...current, ...tls }, 'certificate.changed');
    },
  };
  if (clientCaFile === undefined) return [certificate];
  const clientCa = {
    name: 'client CA',
    paths: [clientCaFile],
    async load() {
      const pem = readClientCa(clientCaFile, reading);
      if (pem !== current.clientCa) change({ ...current, clientCa: pem }, 'client-ca.changed');
    },
  };
  return [certificate, clientCa];
}

function keysOf({ settings, prepared, pool, keeper, reading, audit }: LiveFilesOptions) {
  const { signingKeyFile, verificationKeyFiles, maxLifetime, pamTimeout } = settings;
  const live = createLiveKeys({
    keeper,
    pool,
    initial: prepared.keys,
    keepFor: maxLifetime + pamTimeout,
    onChange: (kids) => audit({ event: 'keys.changed', signs: kids[0], verify: kids }, 'supervisor', process.pid),
    now: () => performance.now(),
  });
  setInterval(live.sweep, SWEEP_INTERVAL).unref();
  return {
    name: 'keys',
    paths: [...(signingKeyFile === undefined ? [] : [signingKeyFile]), ...verificationKeyFiles],
    load: () => live.change(readKeys(settings, reading)),
  };
}

function templateOf({ settings, prepared, front, reading, audit }: LiveFilesOptions) {
  const { kubecfgTemplate: path, publicUrl } = settings;
  if (path === undefined) return [];
  const textOf = (frames: readonly TemplateFrame[] = []) => frames.map(({ text }) => text).join('');
  let current = textOf(prepared.template);
  return [
    {
      name: 'kubecfg-template',
      paths: [path],
      async load() {
        const text = readTemplate(path, publicUrl, reading.log);
        if (text === current) return;
        front.changeTemplate(templateFrames(text));
        current = text;
        audit({ event: 'kubecfg-template.changed' }, 'supervisor', process.pid);
      },
    },
  ];
}
