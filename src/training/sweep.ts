/** Deletes expired data at intervals. Any number of processes may do this at the same time. */
const everyMilliseconds = 10 * 60_000
/** The first sweep waits, so that it does not slow the start. */
const firstAfterMilliseconds = 1_000

export function sweepForever(
  stores: readonly { sweep(): Promise<void> }[],
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve()
  const sweep = () => {
    running = Promise.all(stores.map((store) => store.sweep().catch(onError)))
  }
  const first = setTimeout(sweep, firstAfterMilliseconds)
  const timer = setInterval(sweep, everyMilliseconds)
  return {
    async stop() {
      clearTimeout(first)
      clearInterval(timer)
      await running
    },
  }
}
