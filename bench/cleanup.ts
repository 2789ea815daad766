/** Cleans up after a benchmark, also when it is interrupted. */
const pending = new Set<() => Promise<void>>()
let isWatching = false

/** Registers a cleanup, which runs once: when the returned function is called, or at a signal. */
export function onExit(end: () => Promise<void>): () => Promise<void> {
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
    process.once(signal, () => void runAll().finally(() => process.exit(1)))
  }
}

async function runAll(): Promise<void> {
  for (const end of [...pending].reverse()) await end().catch((error: unknown) => console.error(error))
}
