/** The settings that a command is called with: by kubectl for `credential`, by a person for the others. */
import { type GivenFlags, parseClientArguments } from './arguments.js';
import { type ExecInfo, parseExecInfo } from './exec-info.js';
import type { ClientCommandName } from './flags.js';
import type { ClientIo } from './io.js';
import { type ClientSettings, readSettings } from './settings.js';
import { EXTENSION, type Sources } from './sources.js';

const EVERYWHERE = 'give --server URL, set PAMHOOK_SERVER';

/** A text: the help that was asked for. */
export type Asked<T> = string | ({ readonly given: GivenFlags } & T);

/** For `credential`. Throws ConfigurationError. */
export async function settingsAskedByKubectl(
  argv: readonly string[],
  io: ClientIo,
): Promise<Asked<{ settings: ClientSettings; execInfo: ExecInfo }>> {
  const given = parseClientArguments(io.program, 'credential', argv);
  if (given.help === true) return helpOf('credential', io);
  const execInfo = parseExecInfo(io.environment['KUBERNETES_EXEC_INFO']);
  const { extension, proxyUrl: clusterProxyUrl, hasCluster } = execInfo;
  const inExtension = hasCluster
    ? `or write server into the cluster's extension ${EXTENSION}`
    : `or, for the cluster's extension ${EXTENSION} to be told, provideClusterInfo: true into the exec block`;
  const sources: Sources = { given, inExecBlock: {}, extension, environment: io.environment, clusterProxyUrl };
  return { given, execInfo, settings: await readSettings(sources, `${EVERYWHERE}, ${inExtension}`) };
}

/** For the others: where no flag names a server, the kubeconfig's current context is looked at. Throws ConfigurationError. */
export async function settingsAskedByPerson(
  name: ClientCommandName,
  argv: readonly string[],
  io: ClientIo,
): Promise<Asked<{ settings: ClientSettings }>> {
  const given = parseClientArguments(io.program, name, argv);
  if (given.help === true) return helpOf(name, io);
  const { environment } = io;
  const inKubeconfig = given.server === undefined ? await lookInKubeconfig(given, io) : undefined;
  const sources: Sources = {
    given,
    inExecBlock: inKubeconfig?.inExecBlock ?? {},
    extension: inKubeconfig?.extension,
    environment: { ...environment, ...inKubeconfig?.variables },
    clusterProxyUrl: inKubeconfig?.clusterProxyUrl,
  };
  const missing = `${EVERYWHERE}, or use a kubeconfig context whose user runs pamhook credential`;
  return { given, settings: await readSettings(sources, missing) };
}

async function lookInKubeconfig({ kubeconfig, context }: GivenFlags, { environment }: ClientIo) {
  const { readContext } = await import('./current-context.js');
  const text = (value: GivenFlags[keyof GivenFlags]) => (typeof value === 'string' ? value : undefined);
  return readContext(environment, { kubeconfig: text(kubeconfig), context: text(context) });
}

async function helpOf(name: ClientCommandName, { program }: ClientIo): Promise<string> {
  const { commandHelp } = await import('./help.js');
  return commandHelp(program, name);
}
