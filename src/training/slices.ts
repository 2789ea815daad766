/**
 * Long work on the event loop, in slices. In each turn of the loop one slice of all works runs. It waits while short requests
 * are under way, but no longer than a few milliseconds.
 */

const sliceMilliseconds = 1

/** A slice waits no longer for short requests. Then it runs, whatever is under way. */
const patienceMilliseconds = 8

/** Between two checks for short requests. */
const retryMilliseconds = 1

const paused: (() => void)[] = []
let lastSliceAt = 0

/** Requests that a tenant waits for, and those of them whose work is paused. */
let requests = 0
let pausedRequests = 0

/** A request begins. Each must end. */
export function beginRequest(): void {
  requests++
}

export function endRequest(): void {
  requests--
}

/** Whether a request is under way whose work is not paused. */
export const areRequestsUnderWay = () => requests > pausedRequests

/** The slices of one work. The first begins when the object is made, each of the others after a pause. */
export class Slice {
  #begin = performance.now()

  /** @param of `request` where a request that has begun waits for the work, `background` where none does */
  constructor(private readonly of: 'request' | 'background') {}

  get isOver(): boolean {
    return performance.now() - this.#begin >= sliceMilliseconds
  }

  async pause(): Promise<void> {
    if (this.of === 'request') pausedRequests++
    await new Promise<void>((resolve) => {
      paused.push(resolve)
      if (paused.length === 1) setImmediate(runNext)
    })
    if (this.of === 'request') pausedRequests--
    this.#begin = performance.now()
  }
}

function runNext(): void {
  const now = performance.now()
  if (areRequestsUnderWay() && now - lastSliceAt < patienceMilliseconds) {
    setTimeout(runNext, retryMilliseconds)
    return
  }
  lastSliceAt = now
  paused.shift()?.()
  // What is scheduled here runs in the next turn.
  if (paused.length > 0) setImmediate(runNext)
}

/** Runs the steps to their end. */
export async function inSlices<T>(steps: Iterator<void, T>, of: 'request' | 'background'): Promise<T> {
  const slice = new Slice(of)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (slice.isOver) await slice.pause()
  }
}
