/** Deletes the entries that were inserted first, until at most `most` are left. */
export function evictOldest(entries: Map<string, unknown> | Set<string>, most: number): void {
  if (entries.size <= most) return
  for (const oldest of entries.keys()) {
    if (entries.size <= most) return
    entries.delete(oldest)
  }
}
