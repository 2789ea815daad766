/** A training from given weights on one backend, to its end, with everything it computed. */
import { metricsPerEpoch } from '../../src/engine/epoch.js'
import type { Backend, SliceEnd } from '../../src/engine/kernels/backend.js'
import type { Program } from '../../src/engine/program.js'
import { readGradients, readWeights, type Weights, writeWeights } from '../../src/engine/weights.js'
import { type TrainingCase, wave } from './training-case.js'

export interface PinnedOutcome {
  readonly reason: SliceEnd['reason']
  /** Epochs finished. */
  readonly epochs: number
  /** Of each finished epoch: loss, accuracy, and both over the validation rows; NaN where there is none. */
  readonly metrics: number[]
  readonly weights: Weights
  /** Of the weights of the last layer that has some, in the last step. */
  readonly lastGradient: Float32Array
}

const lastWeight = ({ tensors }: Program) =>
  tensors.filter(({ name }) => name.endsWith('.weight')).at(-1)?.name ?? ''

/**
 * Weights that no initializer draws: every tensor differs, and no running state has its default.
 * @param infinite whether the first logit is −∞ where its inputs are positive: its weights are finite, their sum is not.
 */
export function pinnedWeights(program: Program, infinite = false): Weights {
  const last = lastWeight(program)
  return new Map(
    program.tensors.map(({ name, shape }, index) => {
      const size = shape.reduce((product, length) => product * length, 1)
      const values = Float32Array.from(wave(size, index + 2), (value) =>
        name.endsWith('.runningVar') ? 1 + Math.abs(value) : 0.4 * value,
      )
      if (infinite && name === last) values.fill(-3e38, 0, shape.at(-1))
      return [name, { shape, values }]
    }),
  )
}

/** @param epochsPerCall the most epochs of one call of the executor. */
export function runPinned(
  { program, dataset }: TrainingCase,
  backend: Backend,
  weights: Weights,
  epochsPerCall: number,
): PinnedOutcome {
  const { memory, layout: data } = dataset()
  const arena = memory.reserve(4 * program.floats)
  const order = memory.reserve(4 * data.trainingRows)
  const workspace = memory.reserve(backend.workspaceBytes(program))
  const floats = memory.float32(arena, program.floats)
  writeWeights(program, floats, weights)
  const trainer = backend.trainer({ program, memory, arena, order, workspace, data, seed: 5, threads: 1 })
  const position = { epoch: 0, step: 0, lossSum: 0, right: 0 }
  const { epochs, optimizer } = program.spec
  const metrics: number[] = []
  let reason: SliceEnd['reason'] = 'epochs'
  while (reason === 'epochs' && position.epoch < epochs) {
    const count = Math.min(epochsPerCall, epochs - position.epoch)
    const measured = new Float64Array(count * metricsPerEpoch)
    const learningRates = new Float64Array(count).fill(optimizer.learningRate)
    const end = trainer.run({
      position,
      epochs: count,
      steps: 1e6,
      learningRates,
      metrics: measured,
      stop: null,
    })
    metrics.push(...measured.subarray(0, end.epochs * metricsPerEpoch))
    reason = end.reason
  }
  const lastGradient = readGradients(program, floats).get(lastWeight(program))?.values ?? new Float32Array()
  return { reason, epochs: position.epoch, metrics, weights: readWeights(program, floats), lastGradient }
}
