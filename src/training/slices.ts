/** Long work on the event loop, in slices: after a few milliseconds of it everything else gets its turn. */

const sliceMilliseconds = 5

/** Runs the steps to their end. */
export async function inSlices<T>(steps: Iterator<void, T>): Promise<T> {
  for (;;) {
    const begin = performance.now()
    while (performance.now() - begin < sliceMilliseconds) {
      const step = steps.next()
      if (step.done === true) return step.value
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}
