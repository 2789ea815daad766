/**
 * Runs long work on the event loop in slices. Each turn of the loop runs one slice among all works. A slice waits while
 * short requests are under way, but at most a few milliseconds.
 */

const sliceMilliseconds = 1

/** The longest wait of a slice for short requests, in milliseconds. */
const patienceMilliseconds = 8

/** Milliseconds between checks for short requests. */
const retryMilliseconds = 1

const paused: (() => void)[] = []
let lastSliceAt = 0

/** The requests that are under way, and the number whose work is paused. */
let requests = 0
let pausedRequests = 0

/** By performance.now(). */
let lastRequestAt = Number.NEGATIVE_INFINITY

/** Marks the start of a request. `endRequest` must follow. */
export function beginRequest(now = performance.now()): void {
  requests++
  lastRequestAt = now
}

export function endRequest(): void {
  requests--
}

/** Whether a request began within the last milliseconds. */
export const hasRequestBegun = (milliseconds: number) => performance.now() - lastRequestAt < milliseconds

/** Whether a request is under way and its work is not paused. */
export const areRequestsUnderWay = () => requests > pausedRequests

/** The slices of one work. The first starts with the constructor, and each of the others after a pause. */
export class Slice {
  #begin = performance.now()

  /** @param of `request` if a request under way waits for the work, otherwise `background` */
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
  // An immediate set here runs in the next turn of the loop.
  if (paused.length > 0) setImmediate(runNext)
}

/** Runs all steps. */
export async function inSlices<T>(steps: Iterator<void, T>, of: 'request' | 'background'): Promise<T> {
  const slice = new Slice(of)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (slice.isOver) await slice.pause()
  }
}
