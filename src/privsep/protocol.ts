/**
 * The whole protocol between the processes: every frame there is, with the bounds it is checked against on arrival.
 *
 *   supervisor -> front    configure, ping, login-result, vouch-result, account-result, tls, verification-keys, kubecfg-template, health, drain
 *   front -> supervisor    ready, pong, login, cancel-login, vouch, check-account, reviews, vanished, counts, verification-keys-in-use
 *   supervisor -> worker   configure, ping, issue, vouch, check-account, signing-key
 *   worker -> supervisor   ready, pong, issue-result, vouched, account-checked
 *   supervisor -> store    configure, ping, take, settle
 *   store -> supervisor    ready, pong, taken, state
 *   supervisor -> metrics  configure, ping, metrics, tls
 *   metrics -> supervisor  ready, pong
 *
 * A worker knows three verbs. `issue`: it signs only what it has itself authenticated. `vouch`: it signs for whom a proxy has let in, a token that
 * says so; supervisor and worker take it only when user-header is set. `check-account`, with nothing signed: whether
 * PAM lets an account be used; the supervisor takes it from the front only when review-account-check is on. The front never sees a private
 * signing key unless the key is an HMAC secret, with which it must verify. The store, which speaks to Redis, gets digests of names and
 * addresses; all that its answers can do is to make a login wait, or not.
 *
 * A frame that is malformed, or that the supervisor did not ask for, ends its sender: an id used again, one job more than may be open, one
 * cancellation more than there were logins, an answer without its question, more counts of reviews than there can be. So does leaving frames unread.
 */
import { LONGEST_TEMPLATE } from '../config/kubeconfig-template.js';
import { type ErrorCode, errorCodes } from '../errors.js';
import { rowLength } from '../metrics/series.js';
import { MAX_VOUCHED_GROUPS } from '../token/vouching.js';
import {
  address,
  flag,
  listOf,
  type Of,
  object,
  oneOf,
  optional,
  orNull,
  real,
  rowOf,
  secret,
  text,
  union,
  whole,
} from './shape.js';

export const MAX_ID = 2 ** 48;
const id = whole(1, MAX_ID);
const milliseconds = whole(0, 2 ** 31 - 1);
const name = text(1024);
const line = text(2048);
const errorCode = oneOf(...(Object.keys(errorCodes) as ErrorCode[]));
const accountReason = oneOf('account expired', 'password expired', 'access denied');
const algorithm = oneOf('HS256', 'ES256', 'ES384', 'RS256');
const keyId = text(128);

/** Logs are written by every process itself, to the standard error it inherits. */
const logging = object({ format: oneOf('text', 'json'), verbosity: whole(0, 100) });

/** Bytes of the file with the certificate and its chain. */
export const MAX_CERTIFICATE = 48 * 1024;
/** Bytes of a private key in PEM. */
export const MAX_KEY = 16 * 1024;

/** A key as it travels: PEM, or the bytes of an HMAC secret. */
const keyMaterial = object({ algorithm, kid: keyId, key: secret(MAX_KEY) });
export type KeyFrame = Of<typeof keyMaterial>;

const account = object({ uid: whole(1, 2 ** 32 - 2), gid: whole(1, 2 ** 32 - 2), name: optional(text(1024)) });
export type Account = Of<typeof account>;

/** As a comma list among the options may have them. */
const listed = listOf(text(8192), 64);

const token = object({
  issuer: name,
  audience: listed,
  requireAudience: flag,
  /** Both in seconds. */
  defaultLifetime: whole(1, 60 * 525_600),
  maxLifetime: whole(1, 60 * 525_600),
  claims: listOf(oneOf('groups'), 64),
  policy: object({
    allowGroups: listed,
    minUid: whole(0, 2 ** 32 - 2),
    usernamePrefix: text(256),
    groupsPrefix: text(256),
    groupsFilter: listed,
  }),
  /** Absent: user-header is not set, and there are no tokens for whom a proxy vouches. */
  vouching: optional(object({ prefix: text(256), requireUnixUser: flag, groups: flag })),
});

/** Bytes of a file of CA certificates. */
export const MAX_CA = 32 * 1024;

const tls = object({
  cert: text(MAX_CERTIFICATE),
  key: secret(MAX_KEY),
  /** PEM: those who ask for reviews show a certificate of this CA. */
  clientCa: optional(text(MAX_CA)),
});

/** Of `verification-key-files`. */
export const MAX_VERIFICATION_KEYS = 16;
/** With the signing key's, and those that sign no more while their tokens live. */
export const MAX_KEYS_IN_USE = 64;
const verificationKeys = listOf(keyMaterial, MAX_KEYS_IN_USE);

const frontConfiguration = object({
  kind: oneOf('configure'),
  logging,
  token,
  tls,
  /** Common names, one of which such a certificate has; empty: any. */
  clientCaSubject: listed,
  verificationKeys,
  /** The account to become; absent: started by an ordinary user, nothing to drop. */
  account: optional(account),
  lockMemory: flag,
  supervisorPid: whole(1, 2 ** 31),
  bounds: object({
    connections: whole(1, 1_000_000),
    connectionsPerSource: whole(1, 1_000_000),
    handshakeTimeout: milliseconds,
    headersTimeout: milliseconds,
    requestTimeout: milliseconds,
    keepAliveTimeout: milliseconds,
  }),
  /** There is a second socket, for reviews alone; what differs there. */
  webhook: optional(object({ connections: whole(1, 1_000_000), connectionsPerSource: whole(1, 1_000_000) })),
  loginQueue: whole(1, 100_000),
  refusalDelay: milliseconds,
  /** For whoever's password has expired. */
  passwordHelp: optional(text(1024)),
  /** Networks, as `trusted-proxies` has them. */
  trustedProxies: listed,
  /** In which headers a proxy says who somebody is, in lower case; absent: no header is believed. */
  headers: optional(object({ user: text(64), groups: optional(text(64)), delimiter: text(16) })),
  publicUrl: optional(text(2048)),
  /** Whether frames of `kubecfg-template` follow. */
  hasTemplate: flag,
  identityCacheTtl: milliseconds,
  identityTimeout: milliseconds,
  identityStaleFor: milliseconds,
  /** Absent: reviews ask nothing of the account phase, and the front may not. */
  accountCheckTtl: optional(milliseconds),
  /** Whether it tells what it counts. */
  counts: flag,
});
export type FrontConfiguration = Of<typeof frontConfiguration>;

const workerConfiguration = object({
  kind: oneOf('configure'),
  logging,
  token,
  signingKey: keyMaterial,
  pamServiceName: name,
  accountCheckService: name,
  /** Added to the nice value that it was started with. */
  nicer: whole(0, 19),
  identityTimeout: milliseconds,
  pamConfigDir: optional(text(4096)),
  lockMemory: flag,
  supervisorPid: whole(1, 2 ** 31),
});
export type WorkerConfiguration = Of<typeof workerConfiguration>;

/** PAM takes 511 bytes: a longer name or response is cut here to a length that it still refuses. */
export const MAX_RESPONSE = 512;
export const MAX_RESPONSES = 9;

/** One login, as the front passes it on. */
const loginFields = {
  id,
  requestId: text(64),
  username: text(MAX_RESPONSE),
  responses: listOf(secret(MAX_RESPONSE), MAX_RESPONSES),
  /** Whether it is the client's only the front knows: one that is captured may name any. */
  source: address(),
  lifetime: optional(whole(1, 60 * 525_600)),
  audience: optional(listed),
};

/** One user whom a proxy has let in; no password. */
const vouchFields = {
  kind: oneOf('vouch'),
  id,
  requestId: text(64),
  username: text(MAX_RESPONSE),
  groups: listOf(text(MAX_RESPONSE), MAX_VOUCHED_GROUPS),
  lifetime: optional(whole(1, 60 * 525_600)),
  audience: optional(listed),
};
/** `source`: as for a login. */
const vouch = object({ ...vouchFields, source: address() });
export type VouchFrame = Of<typeof vouch>;
const vouchWork = object(vouchFields);
export type VouchWorkFrame = Of<typeof vouchWork>;

const ping = object({ kind: oneOf('ping') });
const pong = object({ kind: oneOf('pong') });
const ready = object({ kind: oneOf('ready') });

const unavailableFields = { kind: oneOf('login-result'), id, outcome: oneOf('unavailable'), code: errorCode };
const messages = listOf(line, 64);
const prompts = listOf(object({ text: line, echo: flag }), 32);
const expiresAt = whole(1, 2 ** 48);
const signedToken = text(32 * 1024);

const loginResult = union('outcome', {
  issued: object({
    kind: oneOf('login-result'),
    id,
    outcome: oneOf('issued'),
    token: signedToken,
    expiresAt,
    username: name,
    messages,
  }),
  refused: object({
    kind: oneOf('login-result'),
    id,
    outcome: oneOf('refused'),
    reason: optional(accountReason),
    messages,
    elapsed: real(0, 2 ** 31),
  }),
  prompted: object({ kind: oneOf('login-result'), id, outcome: oneOf('prompted'), prompts }),
  throttled: object({ kind: oneOf('login-result'), id, outcome: oneOf('throttled'), retryAfter: milliseconds }),
  unavailable: object(unavailableFields),
});

const denials = ['unknown user', 'reserved name', 'unusable name', 'uid below min-uid', 'not in allow-groups'] as const;

/** What libpam said, for the audit log. */
const detail = object({ code: text(64), stage: text(32), failDelay: real(0, 2 ** 31) });

const issueResult = union('outcome', {
  issued: object({
    kind: oneOf('issue-result'),
    id,
    outcome: oneOf('issued'),
    token: signedToken,
    expiresAt,
    username: name,
    uid: text(10),
    jti: text(64),
    groupsFault: optional(oneOf('too long', 'incomplete')),
    messages,
    detail,
  }),
  refused: object({
    kind: oneOf('issue-result'),
    id,
    outcome: oneOf('refused'),
    reason: optional(accountReason),
    denial: optional(oneOf(...denials)),
    messages,
    detail,
  }),
  prompted: object({ kind: oneOf('issue-result'), id, outcome: oneOf('prompted'), prompts, detail }),
  unavailable: object({
    kind: oneOf('issue-result'),
    id,
    outcome: oneOf('unavailable'),
    code: errorCode,
    detail: optional(detail),
  }),
});
export type IssueResultFrame = Of<typeof issueResult>;

/** From the worker. */
const vouched = union('outcome', {
  issued: object({
    kind: oneOf('vouched'),
    id,
    outcome: oneOf('issued'),
    token: signedToken,
    expiresAt,
    username: name,
    uid: optional(text(10)),
    groups: listOf(text(MAX_RESPONSE), MAX_VOUCHED_GROUPS),
    jti: text(64),
  }),
  refused: object({
    kind: oneOf('vouched'),
    id,
    outcome: oneOf('refused'),
    denial: oneOf(...denials, 'too many groups', 'unusable group'),
  }),
  unavailable: object({ kind: oneOf('vouched'), id, outcome: oneOf('unavailable'), code: errorCode }),
});
export type VouchedFrame = Of<typeof vouched>;

/** On to the front. */
const vouchResult = union('outcome', {
  issued: object({
    kind: oneOf('vouch-result'),
    id,
    outcome: oneOf('issued'),
    token: signedToken,
    expiresAt,
    username: name,
  }),
  refused: object({ kind: oneOf('vouch-result'), id, outcome: oneOf('refused') }),
  unavailable: object({ kind: oneOf('vouch-result'), id, outcome: oneOf('unavailable'), code: errorCode }),
});
export type VouchResultFrame = Of<typeof vouchResult>;

/** One account, as a review asks for it. */
const checkAccount = object({ kind: oneOf('check-account'), id, username: text(MAX_RESPONSE) });
export type CheckAccountFrame = Of<typeof checkAccount>;

/** What PAM's account phase said: from the worker, and on to the front. */
function accountAnswer<const K extends string>(kind: K) {
  return union('outcome', {
    allowed: object({ kind: oneOf(kind), id, outcome: oneOf('allowed') }),
    refused: object({ kind: oneOf(kind), id, outcome: oneOf('refused') }),
    unavailable: object({ kind: oneOf(kind), id, outcome: oneOf('unavailable'), code: errorCode }),
  });
}
const accountResult = accountAnswer('account-result');
export type AccountResultFrame = Of<typeof accountResult>;
const accountChecked = accountAnswer('account-checked');
export type AccountCheckedFrame = Of<typeof accountChecked>;

export const MAX_REVIEW_ENTRIES = 256;

/** Reviews that were not answered with yes, and callers and headers that were turned away, counted by the front over an interval. */
const reviews = object({
  kind: oneOf('reviews'),
  entries: listOf(
    object({
      answer: oneOf('refused', 'unavailable', 'unauthorized', 'header'),
      reason: text(64),
      source: address('other'),
      count: whole(1, 2 ** 48),
    }),
    MAX_REVIEW_ENTRIES,
  ),
});
export type ReviewsFrame = Of<typeof reviews>;

/** Entries have names of users: so many fit into a frame, however they are escaped. */
export const MAX_VANISHED_ENTRIES = 32;

/** Users that were known a moment ago and then not found, counted by the front over an interval. */
const vanished = object({
  kind: oneOf('vanished'),
  entries: listOf(
    object({ user: text(MAX_RESPONSE), again: oneOf('found', 'not found', 'failed'), count: whole(1, 2 ** 48) }),
    MAX_VANISHED_ENTRIES,
  ),
});
export type VanishedFrame = Of<typeof vanished>;

/** UTF-16 units of one piece of kubecfg-template, of which a frame has room for three bytes each. */
export const TEMPLATE_PIECE = 16 * 1024;
export const MAX_TEMPLATE_PIECES = Math.ceil(LONGEST_TEMPLATE / TEMPLATE_PIECE);

/** A piece of what was read from `kubecfg-template`, the next of `of`. */
const template = object({
  kind: oneOf('kubecfg-template'),
  piece: whole(1, MAX_TEMPLATE_PIECES),
  of: whole(1, MAX_TEMPLATE_PIECES),
  text: text(TEMPLATE_PIECE),
});
export type TemplateFrame = Of<typeof template>;

/** For /readyz. */
const health = object({
  kind: oneOf('health'),
  /** Whether PAM workers answer. */
  workers: flag,
  /** Whether the daemon is about to stop. */
  stopping: flag,
});
export type HealthFrame = Of<typeof health>;

const count = orNull(real(0, Number.MAX_SAFE_INTEGER));
/** Of the metrics that the front counts; the order is that of the table of metrics. */
const frontRow = rowOf(count, rowLength('front'));

export const toFront = union('kind', {
  configure: frontConfiguration,
  ping,
  'login-result': loginResult,
  /** A new certificate and its key, or a new CA of clients, for connections from now on. */
  tls: object({ kind: oneOf('tls'), tls }),
  /** The keys that verify from now on; `version` comes back when they do. */
  'verification-keys': object({ kind: oneOf('verification-keys'), version: id, verificationKeys }),
  'account-result': accountResult,
  'vouch-result': vouchResult,
  'kubecfg-template': template,
  health,
  drain: object({ kind: oneOf('drain') }),
});
export type ToFront = Of<typeof toFront>;

export const fromFront = union('kind', {
  ready,
  pong,
  login: object({ kind: oneOf('login'), ...loginFields }),
  'cancel-login': object({ kind: oneOf('cancel-login'), id }),
  'check-account': checkAccount,
  vouch,
  reviews,
  vanished,
  /** What it has counted since its start. */
  counts: object({ kind: oneOf('counts'), row: frontRow }),
  'verification-keys-in-use': object({ kind: oneOf('verification-keys-in-use'), version: id }),
});
export type FromFront = Of<typeof fromFront>;
export type LoginFrame = Extract<FromFront, { kind: 'login' }>;

export const toWorker = union('kind', {
  configure: workerConfiguration,
  ping,
  issue: object({ kind: oneOf('issue'), ...loginFields }),
  /** The key that signs the next login. */
  'signing-key': object({ kind: oneOf('signing-key'), signingKey: keyMaterial }),
  'check-account': checkAccount,
  vouch: vouchWork,
});
export type ToWorker = Of<typeof toWorker>;
export type IssueFrame = Extract<ToWorker, { kind: 'issue' }>;

export const fromWorker = union('kind', {
  ready,
  pong,
  'issue-result': issueResult,
  'account-checked': accountChecked,
  vouched,
});
export type FromWorker = Of<typeof fromWorker>;

const database = whole(0, 999_999_999);
/** A SHA-256 in base64url, cut to 128 bits. */
const digest = text(22);

const storeConfiguration = object({
  kind: oneOf('configure'),
  logging,
  account: optional(account),
  lockMemory: flag,
  supervisorPid: whole(1, 2 ** 31),
  address: union('kind', {
    tcp: object({ kind: oneOf('tcp'), tls: flag, host: text(255), port: whole(1, 65_535), database }),
    unix: object({ kind: oneOf('unix'), path: text(4096), database }),
  }),
  username: optional(text(8192)),
  password: optional(secret(4 * 1024)),
  /** PEM. */
  ca: optional(text(MAX_CA)),
  prefix: text(64),
  /** Of an answer of Redis. */
  timeout: milliseconds,
  /** Of this supervisor, no other's: what is counted is told apart by it. */
  replica: text(16),
  rule: object({
    freeFailures: whole(0, 2 ** 31),
    maxWait: milliseconds,
    failuresPerHour: whole(1, 2 ** 31),
    sourceFreeFailures: whole(0, 2 ** 31),
    sourceFailuresPerHour: whole(1, 2 ** 31),
  }),
});
export type StoreConfiguration = Of<typeof storeConfiguration>;

/** One attempt to log in. */
const attemptFields = { id, account: digest, source: digest };

export const toStore = union('kind', {
  configure: storeConfiguration,
  ping,
  take: object({ kind: oneOf('take'), ...attemptFields }),
  settle: object({ kind: oneOf('settle'), ...attemptFields, outcome: oneOf('succeeded', 'neutral') }),
});
export type ToStore = Of<typeof toStore>;
export type TakeFrame = Extract<ToStore, { kind: 'take' }>;
export type SettleFrame = Extract<ToStore, { kind: 'settle' }>;

export const fromStore = union('kind', {
  ready,
  pong,
  taken: union('outcome', {
    admitted: object({ kind: oneOf('taken'), id, outcome: oneOf('admitted') }),
    /** Milliseconds: no count keeps anybody waiting for more than an hour. */
    refused: object({ kind: oneOf('taken'), id, outcome: oneOf('refused'), retryAfter: whole(1, 3_600_000) }),
    unknown: object({ kind: oneOf('taken'), id, outcome: oneOf('unknown') }),
  }),
  state: union('state', {
    shared: object({ kind: oneOf('state'), state: oneOf('shared') }),
    alone: object({ kind: oneOf('state'), state: oneOf('alone'), reason: text(256) }),
  }),
});
export type FromStore = Of<typeof fromStore>;

const metricsConfiguration = object({
  kind: oneOf('configure'),
  logging,
  account: optional(account),
  lockMemory: flag,
  supervisorPid: whole(1, 2 ** 31),
  /** Absent: plain HTTP. */
  tls: optional(tls),
});
export type MetricsConfiguration = Of<typeof metricsConfiguration>;

export const toMetrics = union('kind', {
  configure: metricsConfiguration,
  ping,
  /** All that was counted. */
  metrics: object({ kind: oneOf('metrics'), front: frontRow, supervisor: rowOf(count, rowLength('supervisor')) }),
  tls: object({ kind: oneOf('tls'), tls }),
});
export type ToMetrics = Of<typeof toMetrics>;

export const fromMetrics = union('kind', { ready, pong });
export type FromMetrics = Of<typeof fromMetrics>;
