/** Deletes what has had its time, now and then. Any number of processes may do this at once. */
const everyMilliseconds = 10 * 60_000

export function sweepForever(
  stores: readonly { sweep(): Promise<void> }[],
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve()
  const sweep = () => {
    running = Promise.all(stores.map((store) => store.sweep().catch(onError)))
  }
  sweep()
  const timer = setInterval(sweep, everyMilliseconds)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
