/** The places of logins under way: so many, and for whom when all are taken; in the front. */

export interface LoginPlaces {
  /**
   * Gives the login a place. When there is none left, the source that has the most gives up its newest: returns that login, which is the
   * one that comes when no other source has more.
   */
  take(id: number, source: string): number | undefined;
  leave(id: number): void;
}

export function createLoginPlaces(limit: number): LoginPlaces {
  const sources = new Map<number, string>();
  const logins = new Map<string, Set<number>>();

  function leave(id: number): void {
    const source = sources.get(id);
    if (source === undefined) return;
    sources.delete(id);
    const left = logins.get(source);
    left?.delete(id);
    if (left?.size === 0) logins.delete(source);
  }

  return {
    take(id, source) {
      const own = logins.get(source) ?? new Set();
      logins.set(source, own.add(id));
      sources.set(id, source);
      if (sources.size <= limit) return undefined;
      let most = own;
      for (const others of logins.values()) if (others.size > most.size) most = others;
      const newest = [...most].at(-1) ?? id;
      leave(newest);
      return newest;
    },
    leave,
  };
}
