/** The front: TLS, HTTP and reviews. The one process that reads from the network; under an unprivileged account. */
import { Socket } from 'node:net';
import { loadYaml } from '../config/yaml-document.js';
import { createApp } from '../http/app.js';
import { createAuthenticateHandler } from '../http/authenticate.js';
import { admitCallers } from '../http/caller.js';
import { type Documents, makeDocuments } from '../http/discovery.js';
import { createTrustedProxies } from '../http/forwarded-for.js';
import { createKubeconfigs, type Kubeconfigs } from '../http/kubeconfig.js';
import type { Handler } from '../http/request-context.js';
import { takeUserHeader } from '../http/user-header.js';
import { cacheIdentities } from '../identity/cached.js';
import type { IdentitySource } from '../identity/identity.js';
import { createProbe } from '../identity/probe.js';
import { createSystemIdentitySource } from '../identity/system.js';
import { importVerifier } from '../keys/verifier.js';
import type { Logger } from '../log/logger.js';
import { createLogger } from '../log/stderr-logger.js';
import type { Row } from '../metrics/series.js';
import { loadNative } from '../native/binding.js';
import { rememberAccounts } from '../token/account-allowed.js';
import type { Review } from '../token/review.js';
import { createReviewToken } from '../token/review-token.js';
import { type AccountClient, createAccountClient } from './account-client.js';
import { type CallerCounter, countCallers } from './caller-counter.js';
import { type Channel, openChannel } from './channel.js';
import { CHANNEL_FD } from './child.js';
import { createFrontCounts, type FrontCounts } from './front-counts.js';
import { createFrontListeners, type FrontListeners } from './front-listeners.js';
import { countHeaders, type HeaderCounter } from './header-counter.js';
import { materialOf } from './key-frame.js';
import { createLoginClient, type LoginClient } from './login-client.js';
import { dieWithSupervisor, dropTo, guardMemory, leaveSignalsToSupervisor, refuseDebugger } from './privileges.js';
import { type FromFront, type FrontConfiguration, type ToFront, toFront } from './protocol.js';
import { createReadiness, type FrontReadiness } from './readiness.js';
import { countReviews, type ReviewCounter } from './review-counter.js';
import { createTemplateReader } from './template-file.js';
import { countVanished, type VanishedCounter } from './vanished-counter.js';
import { createVouchClient, type VouchClient } from './vouch-client.js';

refuseDebugger();
process.title = 'pamhook: front';
leaveSignalsToSupervisor();

interface Running {
  readonly listeners: FrontListeners;
  readonly logins: LoginClient;
  readonly vouches: VouchClient;
  readonly accounts: AccountClient;
  readonly reviews: ReviewCounter;
  readonly vanished: VanishedCounter;
  readonly callers: CallerCounter;
  readonly headers: HeaderCounter;
  readonly health: FrontReadiness;
  /** Tells a last time what was counted. */
  readonly stopCounting: () => void;
  changeKeys(keys: FrontConfiguration['verificationKeys']): void;
  changeTemplate(template: string): void;
}

const native = loadNative();
// Before the first secret comes in.
native.forbidCoreDumps();
let running: Running | undefined;
let draining = false;
const readTemplate = createTemplateReader();

const channel: Channel<FromFront> = openChannel<ToFront, FromFront>(new Socket({ fd: CHANNEL_FD }), toFront, {
  onFrame: (frame) => void receive(frame),
  // Without its supervisor the front is nothing.
  onEnd: () => process.exit(draining ? 0 : 1),
});

async function receive(frame: ToFront): Promise<void> {
  switch (frame.kind) {
    case 'configure':
      return start(frame);
    case 'ping':
      return channel.send({ kind: 'pong' });
    case 'login-result':
      return running?.logins.settle(frame);
    case 'tls':
      running?.health.changeCertificate(frame.tls.cert);
      return running?.listeners.setTls(frame.tls);
    case 'verification-keys':
      running?.changeKeys(frame.verificationKeys);
      running?.health.changeKeys(frame.verificationKeys.length);
      return channel.send({ kind: 'verification-keys-in-use', version: frame.version });
    case 'account-result':
      return running?.accounts.settle(frame);
    case 'vouch-result':
      return running?.vouches.settle(frame);
    case 'kubecfg-template': {
      const template = readTemplate(frame);
      return template === undefined ? undefined : running?.changeTemplate(template);
    }
    case 'health':
      return running?.health.hear(frame);
    case 'drain':
      return drain();
  }
}

/** How often what a flood has left free in the C heap is given back, milliseconds. */
const TRIM_INTERVAL = 2_000;

/** How long an answer of the user database serves for /readyz, milliseconds. */
const NSS_ANSWER_FOR = 2_000;

/** Everything is imported before the drop: after it no file of the project can be opened where only root may enter its folder. */
async function start(configuration: FrontConfiguration): Promise<void> {
  const log = createLogger({ ...configuration.logging, process: 'front', isTerminal: false, write: native.writeNow });
  try {
    guardMemory(native, configuration.lockMemory, log);
    if (configuration.hasTemplate) loadYaml();
    dropTo(native, configuration.account);
    dieWithSupervisor(native, configuration.supervisorPid);
    running = createFront(configuration, log);
    await running.listeners.listen();
    setInterval(native.trimHeap, TRIM_INTERVAL).unref();
    channel.send({ kind: 'ready' });
  } catch (fault) {
    log.error('the front cannot start', { fault });
    process.exit(1);
  }
}

function createFront(configuration: FrontConfiguration, log: Logger): Running {
  const { tls, token, refusalDelay, passwordHelp } = configuration;
  const logins = createLoginClient(channel.send, configuration.loginQueue);
  const vouches = createVouchClient(channel.send, configuration.loginQueue);
  const accounts = createAccountClient(channel.send, configuration.loginQueue);
  const reviews = countReviews(channel.send);
  const vanished = countVanished(channel.send);
  const counts = createFrontCounts();
  const identities = createIdentities(configuration, vanished, counts, log);
  const reviewWith = createReviewer(configuration, identities, accounts);
  let review = reviewWith(configuration.verificationKeys);
  const health = createReadiness({
    cert: tls.cert,
    keys: configuration.verificationKeys.length,
    nss: createNssProbe(configuration),
    log,
    now: steady,
    time: Date.now,
  });
  let documents = documentsOf(configuration.verificationKeys, token);
  const callers = countCallers(channel.send, log, steady);
  const authenticate = createAuthenticateHandler({
    review: (reviewed, audiences) => review(reviewed, audiences),
    onReview(outcome, milliseconds) {
      reviews.count(outcome);
      counts.review(outcome, milliseconds);
    },
    log,
  });
  const headers = countHeaders(channel.send, log, steady);
  let kubeconfigs: Kubeconfigs | undefined;
  const admission = { subjects: configuration.clientCaSubject, onRefused: callers.refused, now: Date.now };
  const handlers = {
    authenticate: tls.clientCa === undefined ? authenticate : admitCallers(authenticate, admission),
    app: createApp({
      login: counts.countLogins(logins.login),
      vouch: vouches.vouch,
      log,
      defaultLifetime: token.defaultLifetime,
      maxLifetime: token.maxLifetime,
      audience: token.audience,
      refusalDelay,
      passwordHelp,
      documents: () => documents,
      readiness: health.readiness,
      kubeconfigs: () => kubeconfigs,
    }),
  };
  const listeners = createFrontListeners(configuration, handlers, guardOf(configuration, headers), counts.traffic, log);
  const changeKeys: Running['changeKeys'] = (keys) => {
    review = reviewWith(keys);
    documents = documentsOf(keys, token);
  };
  const { publicUrl } = configuration;
  const changeTemplate: Running['changeTemplate'] = (template) => {
    kubeconfigs = createKubeconfigs({ template, publicUrl });
  };
  const tellRow = (row: Row) => channel.send({ kind: 'counts', row });
  const stopCounting = configuration.counts ? counts.tellBy(tellRow, identities.size) : () => {};
  const clients = { logins, vouches, accounts };
  const counters = { reviews, vanished, callers, headers, stopCounting };
  return { listeners, ...clients, ...counters, health, changeKeys, changeTemplate };
}

/** Keeps requests away from all handlers whose headers are not to be believed. */
function guardOf(
  { headers, tls, clientCaSubject: subjects, trustedProxies }: FrontConfiguration,
  { refused: onRefused }: HeaderCounter,
): (handler: Handler) => Handler {
  if (headers === undefined) return (handler) => handler;
  const { user, groups, delimiter } = headers;
  const proxies = createTrustedProxies(trustedProxies);
  const certificates = tls.clientCa !== undefined;
  return takeUserHeader({ user, groups, delimiter, proxies, certificates, subjects, onRefused, now: Date.now });
}

function documentsOf(
  keys: FrontConfiguration['verificationKeys'],
  { issuer, claims }: FrontConfiguration['token'],
): Documents {
  return makeDocuments({ issuer, keys: keys.map(materialOf), claims });
}

/** Of the front's own account; of root, where an ordinary user started it: it is there on every system. */
function createNssProbe({ account, identityTimeout: timeout }: FrontConfiguration): () => Promise<boolean> {
  const ask = async () => (await native.lookupUser(account?.name ?? 'root')) !== undefined;
  return createProbe({ ask, timeout, keepFor: NSS_ANSWER_FOR, now: steady });
}

/** A steady clock: what is cached must not live longer because the time of day was set back. */
const steady = () => performance.now();

function createIdentities(
  { identityTimeout, identityCacheTtl, identityStaleFor }: FrontConfiguration,
  { count: onVanished }: VanishedCounter,
  { served: onServed }: FrontCounts,
  log: Logger,
) {
  return cacheIdentities(createSystemIdentitySource({ native, log, timeout: identityTimeout }), {
    ttl: identityCacheTtl,
    staleFor: identityStaleFor,
    now: steady,
    onVanished,
    onServed,
    log,
  });
}

/** Keys may turn; the identities and accounts seen so far are kept. */
function createReviewer(
  { token, accountCheckTtl: ttl }: FrontConfiguration,
  identities: IdentitySource,
  { accountAllowed }: AccountClient,
) {
  const { issuer, audience, requireAudience, policy, vouching } = token;
  const accounts = ttl === undefined ? {} : { accountAllowed: rememberAccounts(accountAllowed, { ttl, now: steady }) };
  return (keys: FrontConfiguration['verificationKeys']): Review => {
    const verifier = importVerifier(keys.map(materialOf));
    return createReviewToken({
      verifier,
      identities,
      ...accounts,
      issuer,
      audience,
      requireAudience,
      policy,
      ...(vouching && { vouching }),
      now: Date.now,
    });
  };
}

async function drain(): Promise<void> {
  draining = true;
  await running?.listeners.drain();
  running?.reviews.stop();
  running?.vanished.stop();
  running?.callers.stop();
  running?.headers.stop();
  running?.stopCounting();
  // The last counts are written when the channel has ended.
  channel.close();
}
