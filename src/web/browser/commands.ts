/** The commands with which a token is used; runs in the browser, and in the front for pages without script. */

export interface Use {
  /** Of pamhook, as the browser reached it. */
  readonly origin: string;
  readonly username: string;
  readonly token: string;
}

export interface Way {
  readonly id: string;
  readonly title: string;
  /** A sentence. */
  readonly about: string;
  readonly commands: string;
}

export function waysToUse({ origin, username, token }: Use): readonly Way[] {
  const user = shellWord(username);
  return [
    {
      id: 'plugin',
      title: 'Plugin',
      about: 'The kubectl plugin asks for your password when it needs to, and keeps the token for you.',
      commands: [
        `kubectl pamhook kubeconfig --server ${shellWord(origin)} --username ${user}`,
        'kubectl config set-context --current --user=pamhook',
        'kubectl get namespaces',
      ].join('\n'),
    },
    {
      id: 'set-credentials',
      title: 'set-credentials',
      about: 'Puts this token into your kubeconfig, where it is good until it ends.',
      commands: [
        `kubectl config set-credentials ${user} --token=${shellWord(token)}`,
        `kubectl config set-context --current --user=${user}`,
        'kubectl get namespaces',
      ].join('\n'),
    },
    {
      id: 'curl',
      title: 'curl',
      about: 'For scripts: gets a new token, asking for the password, and uses it once.',
      commands: [
        `TOKEN=$(curl --fail --silent --show-error --user ${user} ${shellWord(`${origin}/token`)})`,
        'kubectl --token="$TOKEN" get namespaces',
      ].join('\n'),
    },
  ];
}

/** One word of a POSIX shell, whatever is in it. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
