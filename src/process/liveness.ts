/**
 * Whether this process lives, answered by a thread on a separate port. A busy event loop answers nothing, and a supervisor must not take it for a dead one. A loop without a turn for a minute hangs.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** How the thread is started. */
export interface LivenessOrder {
  host: string
  port: number
  /** Word 0 counts the turns of the main thread's loop, while the thread reads it. */
  beats: Int32Array
  hungAfterSeconds: number
}

export interface Liveness {
  /** Where the thread listens. */
  port: number
  close(): Promise<void>
}

/** The thread reads it once a second. */
const beatMilliseconds = 500
/** So long no request takes the loop, by far. */
const defaultHungAfterSeconds = 60

/** @throws Error when the port cannot be had */
export async function openLiveness(
  host: string,
  port: number,
  hungAfterSeconds = defaultHungAfterSeconds,
): Promise<Liveness> {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const workerData: LivenessOrder = { host, port, beats, hungAfterSeconds }
  const worker = new Worker(new URL('./liveness.thread.js', import.meta.url), {
    workerData,
    // None of the program's own flags are for it.
    execArgv: [],
  })
  const [listening] = await once(worker, 'message')
  const timer = setInterval(() => Atomics.add(beats, 0, 1), beatMilliseconds)
  timer.unref()
  worker.unref()
  return {
    port: listening,
    async close() {
      clearInterval(timer)
      await worker.terminate()
    },
  }
}
