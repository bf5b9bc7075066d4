/** The flags of all client commands, as tables from which arguments are read and help, completion and docs are made. */

export interface Flag {
  /** What stands for the value; left out: the flag takes none. */
  readonly value?: string;
  /** May be given more than once. */
  readonly repeated?: true;
  /** The only values there are. */
  readonly words?: readonly string[];
  /** What a shell completes the value with, where it is no word. */
  readonly completes?: 'file' | 'cluster' | 'context' | 'user';
  /** The environment variable that stands for it. */
  readonly variable?: string;
  /** May stand, under this name, in the cluster's extension `client.authentication.k8s.io/exec`. */
  readonly inCluster?: true;
  /** In words; left out: none. */
  readonly default?: string;
  /** A clause without a full stop. */
  readonly does: string;
}

export const flags = {
  server: {
    value: 'URL',
    variable: 'PAMHOOK_SERVER',
    inCluster: true,
    does: 'where pamhook serves, such as https://pamhook.example.org:6443',
  },
  'certificate-authority': {
    value: 'FILE',
    completes: 'file',
    variable: 'PAMHOOK_CERTIFICATE_AUTHORITY',
    inCluster: true,
    default: "the system's",
    does: "PEM certificates of the CA that signed pamhook's certificate",
  },
  username: {
    value: 'NAME',
    variable: 'PAMHOOK_USERNAME',
    inCluster: true,
    default: 'your name on this machine',
    does: 'the Unix user to log in as',
  },
  audience: {
    value: 'AUDIENCE',
    repeated: true,
    variable: 'PAMHOOK_AUDIENCE',
    inCluster: true,
    default: 'all that pamhook is configured with',
    does: 'whom the token is for; may be repeated, and in the variable be a comma list',
  },
  lifetime: {
    value: 'DURATION',
    variable: 'PAMHOOK_LIFETIME',
    inCluster: true,
    default: "pamhook's own",
    does: 'how long a new token shall live, such as 90m',
  },
  cache: {
    value: 'keyring|file|none',
    words: ['keyring', 'file', 'none'],
    variable: 'PAMHOOK_CACHE',
    inCluster: true,
    default: 'keyring in a desktop session, else file',
    does: 'where the token is kept until it ends',
  },
  'proxy-url': {
    value: 'URL|direct',
    variable: 'PAMHOOK_PROXY_URL',
    inCluster: true,
    default: "the cluster's proxy-url, else what HTTPS_PROXY and NO_PROXY say",
    does: 'the proxy to pamhook (http or https); direct: none',
  },
  'password-stdin': {
    does: 'reads the password from the first line of standard input, responses to further prompts from the next',
  },
  'password-command': {
    value: 'COMMAND',
    variable: 'PAMHOOK_PASSWORD_COMMAND',
    does: 'runs this with the shell, and reads its output in the same way',
  },
  kubeconfig: {
    value: 'FILE',
    completes: 'file',
    default: 'KUBECONFIG, else ~/.kube/config',
    does: 'where the settings of a user that runs pamhook credential are looked for',
  },
  context: {
    value: 'NAME',
    completes: 'context',
    default: 'the current one',
    does: 'the context in it whose user and cluster are meant',
  },
  cluster: {
    value: 'NAME',
    repeated: true,
    completes: 'cluster',
    default: 'none: the user entry names the server, whatever the cluster',
    does: 'a cluster in the kubeconfig, in which it is written where its pamhook is; may be repeated',
  },
  user: { value: 'NAME', completes: 'user', default: 'pamhook', does: 'the user entry that is made or changed' },
  'set-current': { does: 'makes the context of the first --cluster the current one' },
  'embed-certs': {
    does: 'writes the certificates of the CA into the kubeconfig, in place of the path of their file; with --cluster',
  },
  'api-version': {
    value: 'v1|v1beta1',
    words: ['v1', 'v1beta1'],
    default: 'v1',
    does: 'that of the exec block; kubectl before 1.22 knows v1beta1 alone',
  },
  command: {
    value: 'PROGRAM',
    completes: 'file',
    default: 'that which runs this, by its name where it is found by PATH',
    does: 'what kubectl runs: pamhook or kubectl-pamhook, by name or path',
  },
  stdout: { does: 'prints what the file would be, and changes nothing' },
  all: { does: 'every token that is kept, whatever it is for' },
  output: { value: 'text|json', words: ['text', 'json'], default: 'text', does: 'how the result is printed' },
  help: { does: 'prints this' },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof flags;

/** Which pamhook, for whom, and where its token is kept. */
const WHICH = ['server', 'certificate-authority', 'username', 'audience', 'cache'] as const;
/** How a new token is got. */
const HOW = ['lifetime', 'proxy-url', 'password-stdin', 'password-command'] as const;
/** Where what was not given is looked for. */
const WHERE = ['kubeconfig', 'context'] as const;

/** The flags of each command. */
export const commandFlags = {
  credential: [...WHICH, ...HOW, 'help'],
  login: [...WHICH, ...HOW, ...WHERE, 'help'],
  logout: [...WHICH, ...WHERE, 'all', 'help'],
  whoami: [...WHICH, ...WHERE, 'output', 'help'],
  token: [...WHICH, ...HOW, ...WHERE, 'help'],
  kubeconfig: [
    ...WHICH,
    'lifetime',
    'proxy-url',
    'cluster',
    'context',
    'set-current',
    'user',
    'embed-certs',
    'api-version',
    'command',
    'kubeconfig',
    'stdout',
    'help',
  ],
  completion: ['help'],
} as const satisfies Record<string, readonly FlagName[]>;

export type ClientCommandName = keyof typeof commandFlags;

/** What a flag is to one command and to no other. */
const own: Readonly<Partial<Record<ClientCommandName, Readonly<Partial<Record<FlagName, Flag>>>>>> = {
  kubeconfig: {
    context: {
      value: 'NAME',
      repeated: true,
      completes: 'context',
      default: 'USER@CLUSTER',
      does: 'the context that is made or changed for the cluster; one for each --cluster, in their order',
    },
    kubeconfig: {
      value: 'FILE',
      completes: 'file',
      default:
        'as kubectl config: the file of KUBECONFIG that has the entry, else the first that is there; ~/.kube/config',
      does: 'the file that is changed, or made',
    },
  },
};

/** What the flag is to the command. */
export function flagOf(command: ClientCommandName, name: FlagName): Flag {
  return own[command]?.[name] ?? flags[name];
}
