/** What a training comes to on one backend, given the kernels and not their name. */
import { expect } from 'vitest'
import { metricsPerEpoch } from '../../src/engine/epoch.js'
import type { Backend } from '../../src/engine/kernels/backend.js'
import { initializeWeights, readWeights, type Weights } from '../../src/engine/weights.js'
import type { TrainingCase } from './training-case.js'

export interface Outcome {
  readonly detail: string | null
  /** Of each epoch: loss, accuracy, and both over the validation rows; NaN where there is none. */
  readonly metrics: Float64Array
  readonly weights: Weights
  /** All buffers. */
  readonly arena: Float32Array
}

/** Trains to the end in slices of so many steps on these very kernels; `train` would take the fastest. */
export function outcome(
  { program, dataset }: TrainingCase,
  backend: Backend,
  threads: number,
  steps = 1e6,
): Outcome {
  const { memory, layout: data } = dataset()
  const arena = memory.reserve(4 * program.floats)
  const order = memory.reserve(4 * data.trainingRows)
  const workspace = memory.reserve(backend.workspaceBytes(program))
  const floats = memory.float32(arena, program.floats)
  initializeWeights(program, floats, 5)
  const trainer = backend.trainer({ program, memory, arena, order, workspace, data, seed: 5, threads })
  const { epochs } = program.spec
  const { learningRate } = program.spec.optimizer
  const position = { epoch: 0, step: 0, lossSum: 0, right: 0 }
  const metrics = new Float64Array(epochs * metricsPerEpoch)
  for (let finished = 0; finished < epochs; ) {
    const left = epochs - finished
    const some = new Float64Array(left * metricsPerEpoch)
    const end = trainer.run({
      position,
      epochs: left,
      steps,
      learningRates: new Float64Array(left).fill(learningRate),
      metrics: some,
      stop: null,
    })
    metrics.set(some.subarray(0, end.epochs * metricsPerEpoch), finished * metricsPerEpoch)
    finished += end.epochs
    expect(end.reason).toBe(finished === epochs ? 'epochs' : 'steps')
  }
  return { detail: trainer.detail, metrics, weights: readWeights(program, floats), arena: floats }
}

export function expectSame(actual: Outcome, expected: Outcome): void {
  expect(actual.metrics).toEqual(expected.metrics)
  expect(actual.weights).toEqual(expected.weights)
}

export function expectClose(actual: Outcome, expected: Outcome): void {
  expected.metrics.forEach((value, i) => {
    const got = actual.metrics[i] ?? Number.NaN
    const place = `number ${i % metricsPerEpoch} of epoch ${Math.floor(i / metricsPerEpoch)}`
    if (Number.isNaN(value)) expect(got, place).toBeNaN()
    else expect(Math.abs(got - value), place).toBeLessThan(1e-4 * Math.abs(value) + 1e-6)
  })
  for (const [name, { values }] of expected.weights) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const got = actual.weights.get(name)?.values ?? new Float32Array()
    const worst = values.reduce(
      (most, value, i) => Math.max(most, Math.abs((got[i] ?? Number.NaN) - value)),
      0,
    )
    expect(worst, name).toBeLessThan(2e-3 * largest + 1e-5)
  }
}
