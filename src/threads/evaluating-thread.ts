/** The thread that applies models to the rows of tables. */
import { lowPriority } from '../base/low-priority.js'
import { CallableThread } from './callable-thread.js'
import type { FromPredictor, PredictorSettings, ToPredictor } from './messages.js'

export class EvaluatingThread extends CallableThread<ToPredictor, FromPredictor> {
  constructor() {
    super('./predictor.thread.js', { workerData: { priority: lowPriority } satisfies PredictorSettings })
  }

  /** A call that stops after its current slice when the signal aborts. Rejects then with the reason of the signal. */
  async callUntil(
    signal: AbortSignal,
    order: (callId: number) => ToPredictor,
    transfer: ArrayBuffer[],
  ): Promise<FromPredictor> {
    signal.throwIfAborted()
    let stop = () => {}
    const answer = this.call((callId) => {
      stop = () => this.post({ type: 'stop', callId })
      return order(callId)
    }, transfer)
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await answer
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}
