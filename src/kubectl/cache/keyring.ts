/** Tokens in the keyring of the desktop (Secret Service, macOS, Windows); its library is loaded when it is asked. */
import { createRequire } from 'node:module';

const SERVICE = 'pamhook';
/** Milliseconds: a person may have to unlock it first. */
const TIMEOUT = 30_000;

type Library = Pick<typeof import('@napi-rs/keyring'), 'AsyncEntry' | 'findCredentialsAsync'>;
type AsyncEntry = InstanceType<Library['AsyncEntry']>;

/** undefined: it holds none. Rejects when the keyring cannot be asked. */
export async function readFromKeyring(name: string): Promise<string | undefined> {
  const secret = await withinTime(entryOf(name).getSecret());
  return secret === null ? undefined : Buffer.from(secret).toString('utf8');
}

export async function writeToKeyring(name: string, text: string): Promise<void> {
  await withinTime(entryOf(name).setSecret(Buffer.from(text)));
}

/** Whether there was one. */
export async function removeFromKeyring(name: string): Promise<boolean> {
  return withinTime(entryOf(name).deleteCredential());
}

/** How many there were. */
export async function clearKeyring(): Promise<number> {
  const found = await withinTime(load().findCredentialsAsync(SERVICE));
  for (const { account } of found) await removeFromKeyring(account);
  return found.length;
}

/** The library's own second choice is the kernel's keyring, which ends with the session, and is another in each. */
function entryOf(name: string): AsyncEntry {
  const { AsyncEntry } = load();
  return new AsyncEntry(SERVICE, name, { linux: { store: 'secret-service' } });
}

function load(): Library {
  try {
    return createRequire(import.meta.url)('@napi-rs/keyring') as Library;
  } catch (cause) {
    throw new Error('this installation has no library for it', { cause });
  }
}

async function withinTime<T>(asked: Promise<T>): Promise<T> {
  const { promise, reject } = expiry();
  const timer = setTimeout(reject, TIMEOUT);
  try {
    return await Promise.race([asked, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function expiry(): { promise: Promise<never>; reject: () => void } {
  let reject = () => {};
  const promise = new Promise<never>((_, refuse) => {
    reject = () => refuse(new Error(`it did not answer within ${TIMEOUT / 1000} s`));
  });
  return { promise, reject };
}
