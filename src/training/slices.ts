/** Long work on the event loop, in slices: in each turn of the loop one work of all goes on, and everything else gets its turn. */

const sliceMilliseconds = 2

const paused: (() => void)[] = []

/** Of one work; begins when it is made, and anew after each pause. */
export class Slice {
  #begin = performance.now()

  get isOver(): boolean {
    return performance.now() - this.#begin >= sliceMilliseconds
  }

  async pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      paused.push(resolve)
      if (paused.length === 1) setImmediate(goOn)
    })
    this.#begin = performance.now()
  }
}

function goOn(): void {
  paused.shift()?.()
  // What is put off here is due in the next turn.
  if (paused.length > 0) setImmediate(goOn)
}

/** Runs the steps to their end. */
export async function inSlices<T>(steps: Iterator<void, T>): Promise<T> {
  const slice = new Slice()
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (slice.isOver) await slice.pause()
  }
}
