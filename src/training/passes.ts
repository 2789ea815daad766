/** Runs a pass at intervals, and soon after it is woken. Passes follow each other. */

interface Intervals {
  everyMilliseconds: number
  /** Wake-ups within this time share a pass. */
  gatherMilliseconds: number
}

export interface Passes {
  wake(): void
  /** Resolves when the current pass has ended. */
  stop(): Promise<void>
}

/** @param pass does not reject */
export function repeatPass(
  pass: () => Promise<void>,
  { everyMilliseconds, gatherMilliseconds }: Intervals,
): Passes {
  let running: Promise<void> | undefined
  let isWanted = false
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  function start(): void {
    timer = undefined
    isWanted = false
    running = pass().finally(() => {
      running = undefined
      if (!isStopped) schedule(isWanted ? gatherMilliseconds : everyMilliseconds)
    })
  }

  function schedule(milliseconds: number): void {
    clearTimeout(timer)
    timer = setTimeout(start, milliseconds)
  }

  schedule(everyMilliseconds)
  return {
    wake() {
      if (isWanted || isStopped) return
      isWanted = true
      if (running === undefined) schedule(gatherMilliseconds)
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}
