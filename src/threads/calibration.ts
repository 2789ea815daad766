/** Measures how fast this machine trains, in a thread, at the first request and after each change of the backend. */
import { Worker } from 'node:worker_threads'
import { explainBackend } from '../engine/index.js'
import type { Calibration, Speed } from '../training/ports/speed.js'
import type { BackendSetting } from './messages.js'

export function openCalibration(backend: BackendSetting): Calibration {
  let measured: Promise<Speed> | undefined
  let thread: Worker | undefined
  let measuredOn: string | undefined

  function measure(): Promise<Speed> {
    return new Promise((resolve, reject) => {
      thread = new Worker(new URL('./calibration.thread.js', import.meta.url), { workerData: backend })
      thread.once('message', (speed: Speed) => resolve(speed))
      thread.once('error', reject)
      thread.once('exit', () => reject(new Error('the calibration ended without a result')))
    })
  }

  return {
    speed() {
      const { name } = explainBackend(backend)
      if (name !== measuredOn) measured = undefined
      measuredOn = name
      measured ??= measure().catch((error) => {
        // The next request measures again.
        measured = undefined
        throw error
      })
      return measured
    },
    async close() {
      await thread?.terminate()
    },
  }
}
