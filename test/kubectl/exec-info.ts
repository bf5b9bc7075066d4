/** What kubectl sets for a credential plugin. */

/** `cluster`: with `provideClusterInfo: true`. */
export function execInfo(cluster?: object, apiVersion = 'client.authentication.k8s.io/v1'): NodeJS.ProcessEnv {
  const spec = { ...(cluster === undefined ? {} : { cluster }), interactive: false };
  return { KUBERNETES_EXEC_INFO: JSON.stringify({ kind: 'ExecCredential', apiVersion, spec }) };
}
