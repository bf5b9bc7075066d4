/** A daemon as it was built, but for one process: the first ones of that name are played by a test, those that replace them are the real ones; or all load slowly. */
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MAIN, type Scene } from './daemon-harness.js';

const ROOT = dirname(dirname(dirname(MAIN)));

/** What a stand-in has to do its part with. */
export interface Part {
  /** Bytes as they are, into the channel to the supervisor. */
  write(bytes: Uint8Array | string): void;
  /** A frame. */
  send(frame: object): void;
  /** The frame of a login, of a user of its own. */
  login(id: number): object;
  /** What a frame of this text is in bytes. */
  framed(text: string): Buffer;
  /** Resolves with the next frame of this kind. Only from the first call on is the channel read at all. */
  next(kind: string): Promise<Record<string, unknown>>;
  /** Sends as long as the supervisor takes it, and waits when it does not. */
  sendForEver(frames: (n: number) => object[]): Promise<void>;
}

/** Runs in a process of its own: it may use nothing of the file it stands in. */
export type Play = (part: Part) => unknown;

/** The scene, with a daemon whose first fronts, or workers, are these. */
export function standIn(scene: Scene, name: 'front' | 'worker', plays: readonly Play[]): Scene {
  const started = startedFile(scene);
  const script = `
    const plays = [${plays.map(String).join(',\n')}];
    const started = ${JSON.stringify(started)};
    const { appendFileSync, readFileSync } = await import('node:fs');
    const play = plays[readFileSync(started, 'utf8').length];
    appendFileSync(started, '.');
    if (play === undefined) await import('./real-${name}.js');
    else {
      process.title = 'pamhook: ${name}';
      const { Socket } = await import('node:net');
      await (${connect})(new Socket({ fd: 3 }), play);
    }`;
  const changed = withEntry(scene, name, script);
  writeFileSync(started, '');
  return changed;
}

/** The scene, with a daemon whose fronts, or workers, take so many milliseconds longer to load their code. */
export function loadingFor(scene: Scene, name: 'front' | 'worker', milliseconds: number): Scene {
  const script = `
    await new Promise((resolve) => setTimeout(resolve, ${milliseconds}));
    await import('./real-${name}.js');`;
  return withEntry(scene, name, script);
}

function withEntry(scene: Scene, name: 'front' | 'worker', script: string): Scene {
  const root = join(scene.dir, 'daemon');
  mkdirSync(root);
  cpSync(join(ROOT, 'dist'), join(root, 'dist'), { recursive: true });
  for (const part of ['package.json', 'node_modules', 'build']) symlinkSync(join(ROOT, part), join(root, part));
  const entry = join(root, 'dist', 'privsep', `${name}.js`);
  renameSync(entry, join(root, 'dist', 'privsep', `real-${name}.js`));
  writeFileSync(entry, script);
  return { ...scene, main: join(root, 'dist', 'cli', 'main.js') };
}

const startedFile = (scene: Scene) => join(scene.dir, 'daemon', 'started');

/** How many processes of the name have been started. */
export const startedIn = (scene: Scene): number => readFileSync(startedFile(scene), 'utf8').length;

async function connect(socket: import('node:net').Socket, play: Play): Promise<void> {
  const waiting: { kind: string; resolve(frame: Record<string, unknown>): void }[] = [];
  const framed = (text: string) => {
    const body = Buffer.from(text);
    const header = Buffer.alloc(4);
    header.writeUInt32BE(body.length);
    return Buffer.concat([header, body]);
  };
  const write = (bytes: Uint8Array | string) => socket.write(bytes);
  const send = (frame: object) => write(framed(JSON.stringify(frame)));
  let pending = Buffer.alloc(0);
  const read = (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const end = 4 + pending.readUInt32BE(0);
      const frame = JSON.parse(pending.subarray(4, end).toString());
      pending = pending.subarray(end);
      const index = waiting.findIndex(({ kind }) => kind === frame.kind);
      if (index >= 0) waiting.splice(index, 1)[0]?.resolve(frame);
    }
  };
  const part: Part = {
    write,
    send,
    login: (id) => ({
      kind: 'login',
      id,
      requestId: `${id}`,
      username: `user-${id}`,
      responses: ['eA=='],
      source: '127.0.0.9',
    }),
    framed,
    next: (kind) =>
      new Promise((resolve) => {
        if (socket.listenerCount('data') === 0) socket.on('data', read);
        waiting.push({ kind, resolve });
      }),
    async sendForEver(frames) {
      for (let n = 1; ; n += 1) {
        const taken = frames(n).map(send);
        if (taken.includes(false)) await new Promise((resolve) => socket.once('drain', resolve));
      }
    },
  };
  // Whoever has nothing left to do stays: what ends it is the supervisor, or a test that was ended with its supervisor.
  const supervisor = process.ppid;
  setInterval(() => process.ppid === supervisor || process.exit(), 1000);
  send({ kind: 'ready' });
  await play(part);
}
