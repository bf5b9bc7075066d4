/** What `kubectl kustomize` makes of deploy/kubernetes, and what of it the tests look into. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ROOT } from '../harness/child.js';
import { assets } from './cluster.js';

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
}

export interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { name: string; value: string }[];
  readonly ports: readonly { name: string; containerPort: number }[];
  readonly volumeMounts: readonly Mount[];
  readonly securityContext: {
    readonly capabilities: { readonly add?: readonly string[]; readonly drop: readonly string[] };
  };
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly [probe: `${string}Probe`]: {
    httpGet: { path: string; port: string; scheme: string };
    timeoutSeconds: number;
  };
}

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string; readonly defaultMode: number };
}

export interface PodSpec {
  readonly containers: readonly [Container];
  readonly initContainers?: readonly [Container];
  readonly volumes: readonly Volume[];
  readonly terminationGracePeriodSeconds: number;
}

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own, and the API server checks it.
  readonly spec: any;
}

export interface Manifest {
  readonly resources: readonly Resource[];
}

/** A kustomization as an operator's own would be, in a folder beside others below `dir`; its paths are those in deploy/kubernetes. */
export function buildOwn(
  dir: string,
  { resources, components = [], ...own }: { resources: readonly string[]; components?: readonly string[] },
  files: Readonly<Record<string, string>> = {},
): Manifest {
  const folder = mkdtempSync(join(dir, 'kustomization-'));
  const at = (name: string) => relative(folder, join(ROOT, 'deploy', 'kubernetes', name));
  const kustomization = { ...own, resources: resources.map(at), components: components.map(at) };
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const text = execFileSync(assets().kubectl, ['kustomize', folder], { encoding: 'utf8' });
  return { resources: parseAllDocuments(text).map((document) => document.toJS()) };
}

export function build(dir: string, folder: string, components: readonly string[] = []): Manifest {
  return buildOwn(dir, { resources: [folder], components: components.map((name) => `components/${name}`) });
}

export function find({ resources }: Manifest, kind: RegExp, name = 'pamhook'): Resource {
  const found = resources.find((resource) => kind.test(resource.kind) && resource.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

export function podOf(manifest: Manifest): PodSpec {
  return find(manifest, /^(Deployment|DaemonSet)$/).spec.template.spec;
}

/** What is mounted at a path: the contents of a ConfigMap, or the name of a Secret; '' for the rest, which is the node's. */
export function mounted(manifest: Manifest, { name }: Mount): Readonly<Record<string, string>> | string {
  const volume = podOf(manifest).volumes.find((one) => one.name === name);
  if (volume === undefined) throw new Error(`there is no volume ${name}`);
  const configMap = volume.configMap?.name;
  return configMap === undefined
    ? (volume.secret?.secretName ?? '')
    : (find(manifest, /^ConfigMap$/, configMap).data ?? {});
}
