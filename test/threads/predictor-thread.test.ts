/** Who gets the next call of a prediction thread. */

import { expect, it } from 'vitest'
import { middlePriority } from '../../src/base/low-priority.js'
import type { FromPredictor, ToPredictor } from '../../src/threads/messages.js'
import { PredictorThread } from '../../src/threads/predictor-thread.js'

/** A lane whose thread answers when the test says so. */
class HeldLane extends PredictorThread {
  readonly calls: { modelId: string; answer: () => void }[] = []

  override call(order: (callId: number) => ToPredictor): Promise<FromPredictor> {
    const message = order(0)
    if (message.type !== 'predict') throw new Error('a prediction was requested')
    const { modelId, inputs } = message
    return new Promise((resolve) => {
      const answer = () => resolve({ type: 'predicted', callId: 0, outputs: inputs.slice() })
      this.calls.push({ modelId, answer })
    })
  }

  /** Answers all calls one after the other; the models in the order of their calls. */
  async drain(): Promise<string[]> {
    for (let next = 0; next < this.calls.length; next++) {
      this.calls[next].answer()
      await new Promise(setImmediate)
    }
    return this.calls.map(({ modelId }) => modelId)
  }
}

function ask(lane: HeldLane, tenantId: string, modelId: string, rows: number, isSlow = false) {
  const inputs = Float32Array.from({ length: rows }, (_, row) => row)
  return lane.predict({ tenantId, modelId, inputs, features: 1, rowsAtOnce: 1, isSlow })
}

it('tenants take turns, and so do the models of a tenant', async () => {
  const lane = new HeldLane(middlePriority)
  const all = [
    ...['a1', 'a2', 'a3'].map((model) => ask(lane, 'a', model, 3)),
    ...['b1'].map((model) => ask(lane, 'b', model, 3)),
  ]
  const order = await lane.drain()
  // The first two were under way before anybody else asked.
  expect(order.slice(0, 8)).toEqual(['a1', 'a1', 'b1', 'a1', 'b1', 'a2', 'b1', 'a3'])
  expect(order).toHaveLength(12)
  for (const outputs of await Promise.all(all)) expect([...outputs]).toEqual([0, 1, 2])
})

it('the thread has one slow call at a time, so a new request waits for only one', async () => {
  const lane = new HeldLane(middlePriority)
  const slow = ask(lane, 'a', 'a1', 4, true)
  expect(lane.calls).toHaveLength(1)
  const quick = ask(lane, 'b', 'b1', 2)
  expect(await lane.drain()).toEqual(['a1', 'b1', 'a1', 'b1', 'a1', 'a1'])
  await Promise.all([slow, quick])
})
