/** The configuration of `pamhook serve`, parsed and checked: what all other code sees instead of flags and environment. */
import type { Secret } from '../secret.js';
import type { Endpoint } from './endpoint.js';
import type { StoreAddress } from './store-url.js';

/** Durations are milliseconds unless the name says otherwise. */
export interface Settings {
  readonly bindAddress: string;
  readonly bindPort: number;
  /** undefined: /authenticate is served where everything is. */
  readonly webhook: Endpoint | undefined;
  readonly certFile: string;
  readonly keyFile: string;
  /** undefined: who asks for reviews need show no certificate. */
  readonly clientCaFile: string | undefined;
  /** Common names; empty: any. */
  readonly clientCaSubject: readonly string[];
  /** Given as -signing-key or PAMHOOK_SIGNING_KEY: an HMAC secret. Exactly one of this and signingKeyFile is set. */
  readonly signingKey: Secret | undefined;
  readonly signingKeyFile: string | undefined;
  readonly verificationKeyFiles: readonly string[];
  readonly audience: readonly string[];
  readonly requireAudience: boolean;
  /** The `iss` claim; empty: none. */
  readonly serverName: string;
  /** Names; empty: every account may have a token. */
  readonly allowGroups: readonly string[];
  readonly minUid: number;
  readonly usernamePrefix: string;
  readonly groupsPrefix: string;
  /** Globs; empty: no group is passed on. */
  readonly groupsFilter: readonly string[];
  /** Claims that tokens have beside those of every token. */
  readonly tokenClaims: readonly 'groups'[];
  readonly pamServiceName: string;
  readonly pamConfigDir: string | undefined;
  /** Minutes, the lifetime of a token whose client asks for none. */
  readonly tokenExpiresIn: number;
  /** Not shorter than that. */
  readonly maxLifetime: number;
  readonly disableMlock: boolean;
  /** undefined: account `pamhook` if it exists, else `nobody`. */
  readonly runAs: string | undefined;
  readonly pamWorkers: number;
  readonly pamWorkerMaxLogins: number;
  readonly pamWorkerNice: number;
  readonly pamTimeout: number;
  /** Logins that may wait for a PAM worker. */
  readonly loginQueue: number;
  readonly refusalDelay: number;
  /** What people are told whose password has expired; undefined: nothing more. */
  readonly passwordHelp: string | undefined;
  /** undefined: no limits. */
  readonly loginLimits: LoginLimitSettings | undefined;
  /** Addresses and networks in CIDR notation. */
  readonly trustedProxies: readonly string[];
  /** undefined: no header is believed. */
  readonly headers: HeaderSettings | undefined;
  readonly kubecfgTemplate: string | undefined;
  readonly publicUrl: string | undefined;
  /** undefined: failed logins are counted by each replica alone. */
  readonly limitsStore: StoreAddress | undefined;
  readonly limitsStoreUsername: string | undefined;
  readonly limitsStorePasswordFile: string | undefined;
  readonly limitsStoreCaFile: string | undefined;
  readonly limitsStorePrefix: string;
  readonly limitsStoreTimeout: number;
  /** undefined: runAs. */
  readonly limitsStoreRunAs: string | undefined;
  /** undefined: no metrics. */
  readonly metricsBind: Endpoint | undefined;
  /** Both or none. */
  readonly metricsCertFile: string | undefined;
  readonly metricsKeyFile: string | undefined;
  /** undefined: runAs. */
  readonly metricsRunAs: string | undefined;
  readonly connections: ConnectionSettings;
  readonly shutdownGracePeriod: number;
  readonly identityCacheTtl: number;
  readonly identityTimeout: number;
  readonly identityStaleFor: number;
  readonly reviewAccountCheck: boolean;
  /** undefined: pamServiceName. */
  readonly accountCheckService: string | undefined;
  readonly accountCheckTtl: number;
  readonly logFormat: 'auto' | 'text' | 'json';
  /** `-`: standard output; else a file. */
  readonly auditLog: string;
  readonly verbosity: number;
}

/** How many connections there may be, and how long each may take for what. */
export interface ConnectionSettings {
  readonly most: number;
  /** Not more than `most`. */
  readonly mostPerSource: number;
  /** On the listener of the webhook. */
  readonly mostOfWebhook: number;
  readonly handshakeTimeout: number;
  /** Not longer than requestTimeout. */
  readonly headerTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
}

/** How an authenticating proxy says who somebody is. Names of headers are in lower case. */
export interface HeaderSettings {
  readonly user: string;
  readonly groups: string | undefined;
  readonly delimiter: string;
  /** Of the name in a review's answer. */
  readonly prefix: string;
  readonly requireUnixUser: boolean;
}

/** How many failed logins may be tried, of one account from one source and of all accounts from one source. */
export interface LoginLimitSettings {
  readonly freeFailures: number;
  readonly maxWait: number;
  readonly failuresPerHour: number;
  readonly sourceFreeFailures: number;
  readonly sourceFailuresPerHour: number;
}
