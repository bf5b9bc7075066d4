/** The socket on which a service manager hears of its services (sd_notify(3)), played by Python: Node has no datagrams of Unix sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Ending } from './scratch.js';

const LISTENER = `
import json, socket, struct, sys
name = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
listener.bind('\\0' + name[1:] if name[0] == '@' else name)
print('bound', flush=True)
while True:
    text, control, _, _ = listener.recvmsg(4096, 1024)
    sender = struct.unpack('3i', control[0][2])[0]
    print(json.dumps({'sender': sender, 'lines': text.decode().split('\\n')}), flush=True)
`;

export interface Notice {
  /** The pid that the kernel gives. */
  readonly sender: number;
  readonly lines: readonly string[];
}

export interface Listener {
  /** All so far. */
  readonly notices: readonly Notice[];
  /** It hears nothing while it is stopped (SIGSTOP). */
  kill(signal: NodeJS.Signals): void;
}

/** `name`: a path, or `@` and an abstract name. Gone when the test ends. */
export async function hearNotices(t: Ending, name: string): Promise<Listener> {
  const child: ChildProcess = spawn('python3', ['-c', LISTENER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const notices: Notice[] = [];
  await new Promise<void>((resolve, reject) => {
    void ended.then(() => reject(new Error('the listener ended')));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (line === 'bound') resolve();
      else notices.push(JSON.parse(line));
    });
  });
  return { notices, kill: (signal) => child.kill(signal) };
}
