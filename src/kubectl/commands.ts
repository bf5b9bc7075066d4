/** The client commands: what each does, and where it is; each is loaded when it is called. */
import type { ClientCommandName } from './flags.js';
import type { ClientIo } from './io.js';

/** Resolves to the exit code: 0, 1 when something failed, 2 when arguments or settings are not as they must be. */
export type RunClientCommand = (argv: readonly string[], io: ClientIo) => Promise<number>;

export interface ClientCommand {
  /** A clause, for the list of commands. */
  readonly does: string;
  readonly load: () => Promise<RunClientCommand>;
}

export const clientCommands: Readonly<Record<ClientCommandName, ClientCommand>> = {
  credential: {
    does: 'prints an ExecCredential for kubectl, which calls it',
    load: async () => (await import('./commands/credential.js')).runCredential,
  },
  login: {
    does: 'asks for the password, and keeps the token until it ends',
    load: async () => (await import('./commands/login.js')).runLogin,
  },
  logout: {
    does: 'forgets the token',
    load: async () => (await import('./commands/logout.js')).runLogout,
  },
  whoami: {
    does: 'shows whose token is kept, and until when',
    load: async () => (await import('./commands/whoami.js')).runWhoami,
  },
  token: {
    does: 'prints the token, asking for the password where none is kept',
    load: async () => (await import('./commands/token.js')).runToken,
  },
  kubeconfig: {
    does: 'writes into a kubeconfig that kubectl logs in by pamhook',
    load: async () => (await import('./commands/kubeconfig.js')).runKubeconfig,
  },
  completion: {
    does: 'prints a script by which bash, zsh or fish completes command lines',
    load: async () => (await import('./commands/completion.js')).runCompletion,
  },
};

/** What each does. */
export function clientHelp(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(clientCommands).map(([name, { does }]) => [name, does]));
}

export function isClientCommand(name: string): name is ClientCommandName {
  return Object.hasOwn(clientCommands, name);
}
