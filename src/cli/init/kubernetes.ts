/** How kube-apiserver is given the webhook, for each of the ways to run one: the steps that `pamhook init` prints. */
import { stringify } from 'yaml';
import { shellWord } from './shell-word.js';

export const KUBERNETES_KINDS = ['kubeadm', 'k3s', 'static'] as const;
export type KubernetesKind = (typeof KUBERNETES_KINDS)[number];

/** kube-apiserver's own default, shown because a locked account gets in for as long. */
const CACHE_TTL = '2m';

/** In the container as on its node. */
const DIRECTORY = '/etc/kubernetes/pamhook';
const VOLUME = 'pamhook';
const PATHS: Readonly<Record<KubernetesKind, string>> = {
  kubeadm: `${DIRECTORY}/webhook.kubeconfig`,
  static: `${DIRECTORY}/webhook.kubeconfig`,
  k3s: '/etc/rancher/k3s/pamhook/webhook.kubeconfig',
};

/** Of kube-apiserver, without dashes. */
export function webhookFlags(kubeconfig: string): readonly (readonly [name: string, value: string])[] {
  return [
    ['authentication-token-webhook-config-file', kubeconfig],
    ['authentication-token-webhook-version', 'v1'],
    ['authentication-token-webhook-cache-ttl', CACHE_TTL],
  ];
}

/** The file that was written here. */
export interface Kubeconfig {
  readonly path: string;
  /** Whether it is a secret. */
  readonly hasKey: boolean;
}

export function kubernetesSteps(kind: KubernetesKind, { path: kubeconfig, hasKey }: Kubeconfig): string {
  const path = PATHS[kind];
  const [install, ...others] = [installStep(kubeconfig, hasKey, path), ...STEPS[kind](webhookFlags(path))];
  const steps = [install, ...others, CHECK_STEP(path)];
  return [INTRODUCTION, ...steps.map((step, at) => `${at + 1}. ${step}`)].join('\n');
}

const INTRODUCTION = `kube-apiserver does not start with a file that it cannot read, or flags that it does not know. Where there are several control-plane
nodes, do one, wait until it is up, and then the next. Certificates of administrators let them in as before. For ${CACHE_TTL} and 10 s
kube-apiserver goes on with an answer that it has: so long somebody who was shut out is still let in.
`;

function installStep(kubeconfig: string, hasKey: boolean, path: string): string {
  const secret = hasKey ? ' (it has a secret key in it)' : '';
  return `Copy ${kubeconfig}${secret} to each control-plane node, and there put it where kube-apiserver will read it:

  install -D -m 600 webhook.kubeconfig ${shellWord(path)}

The host name in it must be known to the node itself: kube-apiserver does not ask the DNS of the cluster.
`;
}

type Flags = ReturnType<typeof webhookFlags>;

const STEPS: Readonly<Record<KubernetesKind, (flags: Flags) => readonly string[]>> = {
  kubeadm: kubeadmSteps,
  k3s: k3sSteps,
  static: staticSteps,
};

function kubeadmSteps(flags: Flags): string[] {
  const extraVolumes = [
    { name: VOLUME, hostPath: DIRECTORY, mountPath: DIRECTORY, readOnly: true, pathType: 'Directory' },
  ];
  const configuration = (version: string, extraArgs: unknown) =>
    block({
      apiVersion: `kubeadm.k8s.io/${version}`,
      kind: 'ClusterConfiguration',
      apiServer: { extraArgs, extraVolumes },
    });
  return [
    `Add this to the ClusterConfiguration, beside what apiServer has there. In kubeadm.k8s.io/v1beta4 (kubeadm 1.31 and newer):

${configuration(
  'v1beta4',
  flags.map(([name, value]) => ({ name, value })),
)}
   In kubeadm.k8s.io/v1beta3 (kubeadm 1.22 and newer):

${configuration('v1beta3', Object.fromEntries(flags))}`,
    `For a new cluster, pass it to kubeadm init --config. For one that runs, fetch the configuration, edit it, put it back, and write the
static Pod anew on each control-plane node, which the kubelet then restarts:

  kubectl -n kube-system get configmap kubeadm-config -o 'jsonpath={.data.ClusterConfiguration}' > kubeadm.yaml
  kubeadm init phase upload-config kubeadm --config kubeadm.yaml
  kubeadm init phase control-plane apiserver --config kubeadm.yaml
`,
  ];
}

function k3sSteps(flags: Flags): string[] {
  return [
    `Add this to /etc/rancher/k3s/config.yaml on each server node; where kube-apiserver-arg is there already, add the lines to it:

${block({ 'kube-apiserver-arg': flags.map(([name, value]) => `${name}=${value}`) })}`,
    `Restart k3s there:

  systemctl restart k3s
`,
  ];
}

function staticSteps(flags: Flags): string[] {
  const command = ['kube-apiserver', ...flags.map(([name, value]) => `--${name}=${value}`)];
  const volumeMounts = [{ name: VOLUME, mountPath: DIRECTORY, readOnly: true }];
  const volumes = [{ name: VOLUME, hostPath: { path: DIRECTORY, type: 'Directory' } }];
  return [
    `Add these flags, the mount and the volume to the lists in the manifest of the static Pod, /etc/kubernetes/manifests/kube-apiserver.yaml:

${block({ spec: { containers: [{ name: 'kube-apiserver', command, volumeMounts }], volumes } })}
   Edit a copy outside that directory, where the kubelet would run it too, and move it into place; the kubelet then restarts kube-apiserver.
`,
  ];
}

const CHECK_STEP = (
  path: string,
) => `See on the node whether pamhook answers, and what; then ask Kubernetes, with a token of yours:

  pamhook check --webhook-config ${shellWord(path)}
  kubectl --token "$TOKEN" auth can-i --list
`;

/** YAML, indented as everything that is to be copied. */
function block(value: object): string {
  return stringify(value, { lineWidth: 0 }).replaceAll(/^(?=.)/gm, '  ');
}
