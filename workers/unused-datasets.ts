/** Evicts datasets that are not used for some time, so that a worker does not keep all that passed through, or was deleted. */
import { collectSoon } from '../src/threads/collect-garbage.js'

/** Milliseconds after its last use for which a dataset stays in memory. */
const unusedMilliseconds = 300_000
/** Milliseconds between evictions, so that the memory of several datasets is collected together. */
const everyMilliseconds = 60_000

interface Cache {
  /** @param before by performance.now() */
  evictUnused(before: number): void
}

export function evictUnusedForever(caches: readonly Cache[]): { stop(): void } {
  const timer = setInterval(() => {
    for (const cache of caches) cache.evictUnused(performance.now() - unusedMilliseconds)
  }, everyMilliseconds)
  return { stop: () => clearInterval(timer) }
}

interface Cached {
  /** By performance.now(). */
  usedAt: number
}

/**
 * Removes the entries that were last used before a time.
 * @param entries least recently used first
 * @param bytes of an entry; 0 while it is being filled, which keeps it
 */
export function removeUnused<Entry extends Cached>(
  entries: Map<string, Entry>,
  before: number,
  bytes: (entry: Entry) => number,
): void {
  let removed = 0
  for (const [key, entry] of entries) {
    if (entry.usedAt >= before) break
    const size = bytes(entry)
    if (size > 0) entries.delete(key)
    removed += size
  }
  collectSoon(removed)
}
