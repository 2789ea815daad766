/** For any curve, the patch of a finding gives a request that POST /jobs accepts. */
import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { Epoch } from '../../../src/contract/epoch.js'
import { trainingSchema } from '../../../src/contract/network.js'
import { Problem } from '../../../src/contract/problems.js'
import { diagnose } from '../../../src/training/diagnosis/diagnose.js'
import { moreCapacity } from '../../../src/training/diagnosis/patches.js'
import { planRequest, type RequestInput, type Uploads } from '../../support/engine-training.js'
import { mergePatch } from '../../support/merge-patch.js'
import { uploads } from './ingredients.js'

let stored: Uploads

beforeAll(async () => {
  stored = await uploads()
})

type LayerInput = Exclude<NonNullable<RequestInput['network']>, 'auto'>['layers'][number]

const hidden: fc.Arbitrary<LayerInput> = fc.oneof(
  fc.record({
    type: fc.constant('dense'),
    units: fc.integer({ min: 1, max: 80 }),
    activation: fc.constantFrom('relu', 'tanh', 'sigmoid', 'elu'),
    kernelInitializer: fc.constantFrom('normal', 'zeros', undefined),
  }),
  fc.record({ type: fc.constant('dropout'), rate: fc.constantFrom(0.1, 0.5, 0.9) }),
  fc.constant<LayerInput>({ type: 'batchNormalization' }),
)

/** A dataset with a last layer and losses that suit it. */
const tasks = fc.constantFrom(
  ['ds_digits', 10, 'softmax', ['categoricalCrossentropy', 'meanSquaredError']],
  ['iris', 3, 'softmax', ['categoricalCrossentropy', 'squaredError']],
  ['iris', 3, 'sigmoid', ['binaryCrossentropy', 'huber']],
  ['ds_rare', 1, 'sigmoid', ['binaryCrossentropy', 'meanSquaredError']],
  ['ds_rarer', 1, 'linear', ['hinge', 'squaredError']],
  ['ds_code', 2, 'softmax', ['categoricalCrossentropy']],
  ['ds_copy', 1, 'linear', ['meanSquaredError', 'meanAbsoluteError', 'huber']],
  ['xor', 1, 'sigmoid', ['binaryCrossentropy', 'squaredError']],
  ['xor', 1, 'step', ['perceptron']],
  ['sine', 1, 'linear', ['meanSquaredError', 'squaredError']],
  ['moons', 1, 'sigmoid', ['binaryCrossentropy']],
) as fc.Arbitrary<readonly [string, number, string, string[]]>

const absent = { nil: undefined, freq: 3 }
const optimizers = fc.oneof(
  fc.record({
    type: fc.constantFrom('adam', 'adamw', 'rmsprop', 'adagrad'),
    learningRate: fc.constantFrom(1e-7, 1e-4, 0.01, 1, 100),
    weightDecay: fc.constantFrom(0, 0.001, 0.5),
  }),
  fc.record({
    type: fc.constant('sgd'),
    learningRate: fc.constantFrom(1e-6, 0.01, 0.5, 50),
    momentum: fc.constantFrom(0, 0.9),
    weightDecay: fc.constantFrom(0, 0.001, 0.5),
  }),
)

const requests: fc.Arbitrary<RequestInput> = tasks.chain(([dataset, units, activation, losses]) =>
  fc
    .record({
      layers: fc.array(hidden, { maxLength: 4 }),
      loss: fc.constantFrom(...losses),
      optimizer: optimizers,
      l1: fc.option(fc.constantFrom(0.001, 0.5), absent),
      epochs: fc.integer({ min: 1, max: 1000 }),
      batchSize: fc.constantFrom(1, 32, 'full'),
      validationSplit: fc.constantFrom(0, 0.2, 0.5),
      scaling: fc.option(fc.constantFrom('standardize', 'minMax', 'none'), absent),
      targetScaling: fc.option(fc.constantFrom('none', 'minMax'), absent),
      classWeight: fc.option(fc.constant('balanced'), absent),
      schedule: fc.option(fc.constant({ type: 'step', stepEpochs: 5 }), absent),
      earlyStopping: fc.option(fc.constantFrom({ patience: 3 }, { monitor: 'loss' }, { folds: 3 }), absent),
    })
    .map(
      ({ layers, ...rest }) =>
        ({
          ...JSON.parse(JSON.stringify(rest)),
          dataset,
          network: { layers: [...layers, { type: 'dense', units, activation }] },
        }) as RequestInput,
    ),
)

/** Curves that fall, rise, stay or jump, of training and validation rows. */
const curves = fc
  .record({
    length: fc.integer({ min: 0, max: 60 }),
    start: fc.constantFrom(1e-3, 0.7, 2.4, 1e4),
    factor: fc.constantFrom(0.5, 0.9, 0.999, 1, 1.1, 1.5),
    noise: fc.constantFrom(0, 0.02, 0.8),
    later: fc.constantFrom(0.8, 1, 1.3),
    accuracy: fc.constantFrom(null, 0.5, 1),
    seed: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ length, start, factor, noise, later, accuracy, seed }) =>
    Array.from({ length }, (_, index): Epoch => {
      const loss = start * factor ** index * (1 + noise * Math.sin(seed * (index + 1) ** 2))
      const valLoss = loss * later ** index
      return { epoch: index + 1, loss, accuracy, valLoss, valAccuracy: accuracy, seconds: null }
    }),
  )

it('omits a strong L1 regularization, but not a weak one', () => {
  const { network, optimizer } = trainingSchema.parse({
    network: { layers: [{ type: 'dense', units: 4 }] },
    loss: 'squaredError',
    epochs: 1,
  })
  expect(moreCapacity({ network, optimizer, l1: 0.5 }).patch).toEqual({ l1: 0 })
  expect(moreCapacity({ network, optimizer, l1: 0.001 }).patch).not.toHaveProperty('l1')
})

const codes = new Set<string>()
const forks = new Set<string>()

it('accepts every patch', async () => {
  await fc.assert(
    fc.asyncProperty(
      requests,
      curves,
      fc.boolean(),
      fc.boolean(),
      async (request, epochs, hasEnded, fails) => {
        const plan = await planRequest(request, stored).catch((error: unknown) => {
          if (error instanceof Problem) return null
          throw error
        })
        fc.pre(plan !== null)
        const { spec, data } = plan
        const { columns, rows } = data
        const warnings = typeof data.name === 'string' ? (stored[data.name]?.warnings ?? []) : []
        const heldOut = spec.validationSplit > 0
        const found = diagnose({
          ...{ spec, hasEnded, hasDiverged: hasEnded && fails, validation: null, evaluation: null },
          epochs: heldOut ? epochs : epochs.map((epoch) => ({ ...epoch, valLoss: null, valAccuracy: null })),
          plannedEpochs: Math.max(spec.epochs, epochs.length),
          statistics: [],
          data: { columns, rows, warnings },
        })
        for (const { code, patch, fork, seen, sinceEpoch } of found) {
          codes.add(code)
          expect(Object.values(seen.figures).every(Number.isFinite), code).toBe(true)
          if (sinceEpoch !== null) expect(sinceEpoch).toBeLessThanOrEqual(Math.max(1, epochs.length))
          if (patch !== null) await planRequest(mergePatch(spec, patch) as RequestInput, stored)
          if (fork === null) continue
          forks.add(code)
          expect(fork).toMatchObject({ epoch: (sinceEpoch ?? 0) - 1, changes: patch })
          expect(fork.epoch).toBeGreaterThan(0)
          // A fork would restore the best of the later epochs only.
          expect(fork.changes).not.toHaveProperty('earlyStopping')
        }
      },
    ),
    { numRuns: 600 },
  )
  // The curves reach most rules, so the property says something about their patches.
  expect(codes.size).toBeGreaterThanOrEqual(10)
  expect([...forks]).toContain('learning-rate-too-high')
}, 60_000)
