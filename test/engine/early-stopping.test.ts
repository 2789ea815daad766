/** Patience, the watched metric, and learning rates after a warm-up. */
import { expect, it } from 'vitest'
import { earlyStoppingSchema, scheduleSchema } from '../../src/contract/network.js'
import { ImprovementWatch } from '../../src/engine/early-stopping.js'
import { learningRateAt } from '../../src/engine/schedules.js'

const none = { loss: null, accuracy: null, valLoss: null, valAccuracy: null }

it.each([
  ['loss', -1],
  ['valLoss', -1],
  ['accuracy', 1],
  ['valAccuracy', 1],
] as const)('%s improves in its direction, and its best epoch is kept', (monitor, sign) => {
  const watch = new ImprovementWatch(earlyStoppingSchema.parse({ monitor, patience: 2 }))
  const values = [1, 1 + sign, 1, 1 + sign, 1 + 2 * sign]
  const judgements = values.map((value, index) =>
    watch.judge({ ...none, epoch: index + 1, [monitor]: value }),
  )
  expect(judgements).toEqual(['improved', 'improved', 'wait', 'stop', 'improved'])
  expect(watch.state).toEqual({ best: 1 + 2 * sign, bestEpoch: 5, waited: 0 })
})

it('stops after one epoch without improvement where the patience is 0', () => {
  const watch = new ImprovementWatch(earlyStoppingSchema.parse({ monitor: 'loss', patience: 0 }))
  expect([3, 2, 2].map((loss, index) => watch.judge({ ...none, epoch: index + 1, loss }))).toEqual([
    'improved',
    'improved',
    'stop',
  ])
})

it('counts the epochs of a schedule from the end of the warm-up', () => {
  const schedule = scheduleSchema.parse({ type: 'exponential', factor: 0.5, warmupEpochs: 3 })
  const rates = [0, 1, 2, 3, 4, 5].map((epoch) => learningRateAt(8, schedule, epoch, 6))
  expect(rates).toEqual([2, 4, 6, 8, 4, 2])
})
