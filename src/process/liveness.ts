/**
 * Reports on a separate port whether this process lives. A thread answers, because a busy event loop cannot, and a
 * supervisor must not restart it. A loop without a turn for a minute counts as hung.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** The data of the thread. */
export interface LivenessOrder {
  host: string
  port: number
  /** Word 0 counts the turns of the main event loop. The thread reads it. */
  beats: Int32Array
  hungAfterSeconds: number
}

interface Liveness {
  /** The port of the thread. */
  port: number
  close(): Promise<void>
}

/** Milliseconds between two counts. The thread reads the counter once a second. */
const beatMilliseconds = 500
/** Much longer than any request blocks the loop. */
const defaultHungAfterSeconds = 60

/** @throws Error if the port is not available */
export async function openLiveness(
  host: string,
  port: number,
  hungAfterSeconds = defaultHungAfterSeconds,
): Promise<Liveness> {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const workerData: LivenessOrder = { host, port, beats, hungAfterSeconds }
  const worker = new Worker(new URL('./liveness.thread.js', import.meta.url), {
    workerData,
    // The flags of the program do not apply to the thread.
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
