/** Deletes expired data at intervals. Any number of processes may do this at the same time. */
const everyMilliseconds = 10 * 60_000
/** The first cleanup waits, so that it does not slow the start. */
const firstAfterMilliseconds = 1_000

export function cleanUpForever(
  stores: readonly { cleanUp(): Promise<void> }[],
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve()
  const cleanUp = () => {
    running = Promise.all(stores.map((store) => store.cleanUp().catch(onError)))
  }
  const first = setTimeout(cleanUp, firstAfterMilliseconds)
  const timer = setInterval(cleanUp, everyMilliseconds)
  return {
    async stop() {
      clearTimeout(first)
      clearInterval(timer)
      await running
    },
  }
}
