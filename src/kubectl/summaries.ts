/** The client commands by name, and what each does, as a clause; for who lists them, and so loads none of them. */
import type { ClientCommandName } from './flags.js';

export const clientSummaries: Readonly<Record<ClientCommandName, string>> = {
  credential: 'prints an ExecCredential for kubectl, which calls it',
  login: 'asks for the password, and keeps the token until it ends',
  logout: 'forgets the token',
  whoami: 'shows whose token is kept, and until when',
  token: 'prints the token, asking for the password where none is kept',
  kubeconfig: 'writes into a kubeconfig that kubectl logs in by pamhook',
  completion: 'prints a script by which bash, zsh or fish completes command lines',
};

export function isClientCommand(name: string): name is ClientCommandName {
  return Object.hasOwn(clientSummaries, name);
}
