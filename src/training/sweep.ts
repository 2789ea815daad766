/** Deletes what has had its time, now and then. Any number of processes may do this at once. */
const everyMilliseconds = 10 * 60_000
/** The start has more urgent things to do. */
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
