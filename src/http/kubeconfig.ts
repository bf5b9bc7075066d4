/** Fills the kubeconfig template in for one person: with a token, or with the block that lets kubectl fetch one; runs in the front. */
import { parseKubeconfigTemplate } from '../config/kubeconfig-template.js';
import { loadYaml } from '../config/yaml-document.js';

/** How the kubeconfig lets its owner in. */
export type KubeconfigAuth =
  | { readonly kind: 'token'; readonly username: string; readonly token: string }
  /** No secret: the credential plugin asks for the password. */
  | {
      readonly kind: 'exec';
      readonly username: string;
      /** In Go's notation; left out: the server's own. */
      readonly lifetime?: string;
      readonly audience?: readonly string[];
    };

export interface Kubeconfigs {
  /** YAML. Throws RangeError for `exec` where it is not known where this pamhook is: see `hasExec`. */
  render(auth: KubeconfigAuth): string;
  /** Whether `exec` can be rendered. */
  readonly hasExec: boolean;
}

export interface KubeconfigsOptions {
  /** Checked before, by the same code. */
  readonly template: string;
  /** Where people reach this pamhook, for clusters of which the template does not say it. */
  readonly publicUrl: string | undefined;
}

/** Long values, such as CA data, stay on their lines. */
const STYLE = { lineWidth: 0, aliasDuplicateObjects: false } as const;
const COMMAND = 'kubectl-pamhook';
const HINT = `${COMMAND}, the credential plugin of pamhook, is not installed.`;

/** What is the same for everybody is written once: a template may be large, and the front has other things to do. */
export function createKubeconfigs({ template, publicUrl }: KubeconfigsOptions): Kubeconfigs {
  const { document, user: name, namesServers } = parseKubeconfigTemplate(template, 'kubecfg-template');
  const { stringify } = loadYaml();
  const common = stringify(document, STYLE);
  const hasExec = namesServers || publicUrl !== undefined;
  return {
    hasExec,
    render(auth) {
      if (auth.kind === 'exec' && !hasExec) throw new RangeError('it is not known where pamhook is');
      const server = namesServers ? undefined : publicUrl;
      const user = auth.kind === 'token' ? { token: auth.token } : { exec: execBlock(auth, server) };
      return common + stringify({ users: [{ name, user }] }, STYLE);
    },
  };
}

function execBlock({ username, lifetime, audience = [] }: KubeconfigAuth & { kind: 'exec' }, server?: string) {
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: COMMAND,
    args: [
      'credential',
      ...(server === undefined ? [] : [`--server=${server}`]),
      `--username=${username}`,
      ...(lifetime === undefined ? [] : [`--lifetime=${lifetime}`]),
      ...audience.map((each) => `--audience=${each}`),
    ],
    installHint: HINT,
    interactiveMode: 'IfAvailable',
    provideClusterInfo: true,
  };
}
