/** Who has which turn, and who has it next; in the supervisor. */

/** `undefined` stands for no turn at all: it is free for everybody at any time. */
export interface Turns<S> {
  /** Whether the source may take the turn now; if not, it may as soon as all who asked in vain before it have had it. */
  ask(turn: string | undefined, source: S): boolean;
  /** The same, but nothing comes of it. */
  isFree(turn: string | undefined, source: S): boolean;
  take(turn: string | undefined, source: S): void;
  release(turn: string | undefined): void;
  /** The source has no use for it any more. */
  forgo(turn: string | undefined, source: S): void;
}

interface Turn<S> {
  taken: boolean;
  /** Who asked in vain: without them, a source with nothing else to do could have the turn again and again before a busy one gets round to it. */
  readonly next: Set<S>;
}

export function createTurns<S>(): Turns<S> {
  const turns = new Map<string, Turn<S>>();

  function isFree(name: string | undefined, source: S): boolean {
    const turn = name === undefined ? undefined : turns.get(name);
    if (turn === undefined) return true;
    if (turn.taken) return false;
    const [first = source] = turn.next;
    return first === source;
  }

  function change(name: string | undefined, how: (turn: Turn<S>) => void): void {
    if (name === undefined) return;
    const turn = turns.get(name) ?? { taken: false, next: new Set() };
    how(turn);
    if (turn.taken || turn.next.size > 0) turns.set(name, turn);
    else turns.delete(name);
  }

  return {
    ask(name, source) {
      if (isFree(name, source)) return true;
      change(name, ({ next }) => next.add(source));
      return false;
    },
    isFree,
    take: (name, source) =>
      change(name, (turn) => {
        turn.taken = true;
        turn.next.delete(source);
      }),
    release: (name) =>
      change(name, (turn) => {
        turn.taken = false;
      }),
    forgo: (name, source) => change(name, ({ next }) => next.delete(source)),
  };
}
