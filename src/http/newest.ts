/** Of what was put in, each time behind the rest, only the newest is remembered, so that memory has a bound. */
const mostRemembered = 10_000

export function keepNewest(entries: Map<string, unknown> | Set<string>): void {
  if (entries.size <= mostRemembered) return
  for (const oldest of entries.keys()) {
    entries.delete(oldest)
    return
  }
}
