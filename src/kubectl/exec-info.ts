/** What kubectl tells the credential plugin in KUBERNETES_EXEC_INFO: client.authentication.k8s.io/v1 and v1beta1, ExecCredential. */
import { ConfigurationError } from '../errors.js';
import { isObject, type JsonObject } from './json.js';
import { printable } from './printable.js';

const GROUP = 'client.authentication.k8s.io';
const VERSIONS = [`${GROUP}/v1`, `${GROUP}/v1beta1`] as const;

export type ExecApiVersion = (typeof VERSIONS)[number];

export interface ExecInfo {
  /** The answer must be of the same. */
  readonly apiVersion: ExecApiVersion;
  /** The cluster's extension for exec plugins. */
  readonly extension: JsonObject | undefined;
  readonly proxyUrl: string | undefined;
  /** Without `provideClusterInfo: true` kubectl says nothing of the cluster. */
  readonly hasCluster: boolean;
}

/** By hand, without kubectl, the answer is of v1. Throws ConfigurationError. */
export function parseExecInfo(text: string | undefined): ExecInfo {
  const none = { extension: undefined, proxyUrl: undefined, hasCluster: false };
  if (!text) return { apiVersion: VERSIONS[0], ...none };
  const { apiVersion, spec } = parseObject(text);
  const version = VERSIONS.find((each) => each === apiVersion);
  if (version === undefined) {
    throw new ConfigurationError(
      `kubectl asks for an ExecCredential of ${printable(String(apiVersion))}, which there is not`,
      `write apiVersion: ${VERSIONS[0]} in the exec block of the kubeconfig`,
    );
  }
  const cluster = isObject(spec) ? spec['cluster'] : undefined;
  if (!isObject(cluster)) return { apiVersion: version, ...none };
  // The rest of it (server, certificate-authority-data, tls-server-name, insecure-skip-tls-verify) is about the API server, not about pamhook.
  const { config, 'proxy-url': proxyUrl } = cluster;
  return {
    apiVersion: version,
    extension: isObject(config) ? config : undefined,
    proxyUrl: typeof proxyUrl === 'string' && proxyUrl !== '' ? proxyUrl : undefined,
    hasCluster: true,
  };
}

function parseObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value) && value['kind'] === 'ExecCredential') return value;
  } catch {
    // Said below.
  }
  throw new ConfigurationError(
    'KUBERNETES_EXEC_INFO holds no ExecCredential',
    'it is for kubectl to set: unset it, or let kubectl run this',
  );
}
