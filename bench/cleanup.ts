/** Ends what a benchmark started, also when it is interrupted. */
const pending = new Set<() => Promise<void>>()
let isWatching = false

/** Makes `end` run once: when the result is called, or when a signal stops this process. */
export function endAtLast(end: () => Promise<void>): () => Promise<void> {
  watchSignals()
  const once = async () => {
    if (pending.delete(once)) await end()
  }
  pending.add(once)
  return once
}

function watchSignals(): void {
  if (isWatching) return
  isWatching = true
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void endAll().finally(() => process.exit(1)))
  }
}

async function endAll(): Promise<void> {
  for (const end of [...pending].reverse()) await end().catch((error: unknown) => console.error(error))
}
