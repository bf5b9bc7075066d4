/** Whether what the processes are configured with can be sent to them; asked by the supervisor and by `pamhook check`. */
import { ConfigurationError } from '../errors.js';
import { fitsInFrame } from './channel.js';

/** Throws ConfigurationError when one of the configurations is larger than a frame. */
export function requireFits(...configurations: readonly object[]): void {
  if (configurations.every((configuration) => fitsInFrame(configuration))) return;
  throw new ConfigurationError(
    'cert-file, client-ca-file, keys, audiences and lists of groups together are larger than 64 KiB',
    'leave root certificates out of cert-file and retire old verification keys',
  );
}
