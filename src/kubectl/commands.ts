/** Where each client command is: it is loaded when it is called. */
import type { ClientCommandName } from './flags.js';
import type { ClientIo } from './io.js';

/** Resolves to the exit code: 0, 1 when something failed, 2 when arguments or settings are not as they must be. */
export type RunClientCommand = (argv: readonly string[], io: ClientIo) => Promise<number>;

export const clientCommands: Readonly<Record<ClientCommandName, () => Promise<RunClientCommand>>> = {
  credential: async () => (await import('./commands/credential.js')).runCredential,
  login: async () => (await import('./commands/login.js')).runLogin,
  logout: async () => (await import('./commands/logout.js')).runLogout,
  whoami: async () => (await import('./commands/whoami.js')).runWhoami,
  token: async () => (await import('./commands/token.js')).runToken,
  kubeconfig: async () => (await import('./commands/kubeconfig.js')).runKubeconfig,
  completion: async () => (await import('./commands/completion.js')).runCompletion,
};
