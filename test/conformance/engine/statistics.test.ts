/** Statistics of layers, compared with those that generate.py takes from PyTorch by its outputs and gradients. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { loadCase, parseFixture } from '../../../bench/case-format.js'
import { compile, readEpochs, SpecError, type Training, train } from '../../../src/engine/index.js'
import type { BackendName } from '../../../src/engine/kernels/backend.js'
import { ObservedTraining } from '../../../src/engine/observed-training.js'
import { randomTrainings } from '../../support/random-training.js'
import { type TrainingCase, trainingCase } from '../../support/training-case.js'
import { registered } from './cases.js'

const folder = fileURLToPath(new URL('../../fixtures/torch', import.meta.url))
const fixtures = readdirSync(folder).filter((file) => file.endsWith('.json'))

/** Norms are sums of float32 differences and gradients; shares are counts. */
const tolerances = {
  weightNorm: 1e-4,
  gradientNorm: 2e-3,
  updateNorm: 2e-3,
  deadUnits: 0,
  saturated: 0,
} as const
const names = Object.keys(tolerances) as (keyof typeof tolerances)[]

/** Below this, a norm is rounding noise of float32. */
const noise = 2e-6

function isClose(actual: number | null, expected: number | null, tolerance: number): boolean {
  if (actual === null || expected === null) return actual === expected
  return Math.abs(actual - expected) <= noise + tolerance * Math.abs(expected)
}

describe('statistics of layers equal those of PyTorch', () => {
  for (const { backend, reason } of registered) {
    describe.skipIf(reason !== null)(`on ${backend.name}`, () => {
      test.each(fixtures)('%s', (file) => {
        const { fixture, expected } = parseFixture(readFileSync(path.join(folder, file), 'utf8'))
        const { data, dataset, initialWeights } = loadCase(fixture)
        const program = compile(fixture.spec, data)
        const training = train(program, dataset, { backend: backend.name, seed: 0, initialWeights })
        const observed = training.observed({ ignoreTime: true })
        observed.run()
        const statistics = observed.takeStatistics()
        expect(statistics.map(({ epoch }) => epoch)).toEqual(expected.statistics.map((_, index) => index + 1))
        for (const [index, { layers, largestLogit }] of statistics.entries()) {
          const wanted = expected.statistics[index]
          expect(layers.map(({ layer }) => layer)).toEqual(wanted.layers.map(({ layer }) => layer))
          expect(isClose(largestLogit, wanted.largestLogit, 1e-3), `logit in epoch ${index + 1}`).toBe(true)
          for (const [place, layer] of layers.entries()) {
            for (const name of names) {
              const both = [layer[name], wanted.layers[place][name]] as const
              expect(isClose(...both, tolerances[name]), `${name} of layer ${layer.layer}: ${both}`).toBe(
                true,
              )
            }
          }
        }
        training.dispose()
      })
    })
  }
})

type Slice = Parameters<ReturnType<Training['observed']>['run']>[0]

/** Trains to the end, with statistics after each epoch or without. */
function outcome({ program, dataset }: TrainingCase, backend: BackendName, slice: Slice | null) {
  const training = train(program, dataset(), { backend, seed: 3 })
  const runner = slice === null ? training : training.observed({ ignoreTime: true })
  const epochs = []
  for (;;) {
    const { epochs: run, state } = runner.run(slice ?? {})
    epochs.push(...readEpochs(run))
    if (state !== 'running') return { epochs, state, weights: training.weights() }
  }
}

function caseOrNull(...parameters: Parameters<typeof trainingCase>): TrainingCase | null {
  try {
    return trainingCase(...parameters)
  } catch (error) {
    if (error instanceof SpecError) return null
    throw error
  }
}

describe('statistics do not change the results', () => {
  for (const { backend, reason } of registered) {
    test.skipIf(reason !== null)(`of random trainings on ${backend.name}`, () => {
      let compared = 0
      fc.assert(
        fc.property(
          randomTrainings,
          fc.constantFrom({}, { maximumEpochs: 1 }, { milliseconds: 0 }),
          (each, slice) => {
            const { spec, rows, validationRows, weights } = each
            const random = caseOrNull(spec, rows, validationRows, weights)
            if (random === null) return
            compared++
            expect(outcome(random, backend.name, slice)).toEqual(outcome(random, backend.name, null))
          },
        ),
        { numRuns: 100 },
      )
      expect(compared).toBeGreaterThan(50)
    })
  }
})

describe('an observed training', () => {
  const small = trainingCase(
    {
      network: { inputShape: [3], layers: [{ type: 'dense', units: 2, activation: 'relu' }] },
      loss: 'meanSquaredError',
      optimizer: { type: 'sgd', learningRate: 0.01 },
      epochs: 2_000,
      batchSize: 4,
    },
    8,
  )
  test('examines all of the first 16 epochs, and then about 8 for each doubling', () => {
    const training = train(small.program, small.dataset(), { backend: 'reference', seed: 1 })
    const observed = training.observed({ ignoreTime: true })
    observed.run()
    const epochs = observed.takeStatistics().map(({ epoch }) => epoch)
    expect(epochs.slice(0, 18)).toEqual([...Array.from({ length: 16 }, (_, index) => index + 1), 18, 20])
    for (const from of [32, 64, 128, 256, 512, 1_024 - 80]) {
      const doubling = epochs.filter((epoch) => epoch > from && epoch <= 2 * from)
      expect(doubling.length, `after ${from}`).toBe(8)
    }
  })

  test('examines only the last epoch after 10 ms and 4 % of the time', () => {
    let milliseconds = 0
    vi.spyOn(performance, 'now').mockImplementation(() => milliseconds)
    const training = {
      epoch: 0,
      ...{ step: 0, stepsPerEpoch: 1, plannedEpochs: 1_000, bestEpoch: null },
      weights: () => new Map(),
      run({ maximumEpochs = 1 }: { maximumEpochs?: number }) {
        training.epoch += maximumEpochs
        const metrics = new Float64Array(4 * maximumEpochs)
        return { epochs: { firstEpoch: training.epoch, metrics }, state: 'running' as const }
      },
    }
    const probe = {
      remember() {},
      measure(epoch: number) {
        milliseconds += 2
        return { epoch, layers: [], largestLogit: null }
      },
    }
    const observed = new ObservedTraining(training, probe)
    observed.run({ maximumEpochs: 1_000 })
    expect(observed.takeStatistics().map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 1_000])
    expect(training.epoch).toBe(1_000)
    vi.restoreAllMocks()
  })

  test('samples large tensors from all columns', () => {
    const wide = trainingCase(
      {
        network: { inputShape: [512], layers: [{ type: 'dense', units: 1_024, activation: 'linear' }] },
        loss: 'meanSquaredError',
        optimizer: { type: 'sgd', learningRate: 0.01 },
        epochs: 1,
        batchSize: 4,
      },
      8,
    )
    const training = train(wide.program, wide.dataset(), { backend: 'reference', seed: 1 })
    const observed = training.observed()
    observed.run()
    const [{ layers }] = observed.takeStatistics()
    const squares = (tensors: Iterable<{ values: Float32Array }>) =>
      [...tensors].reduce((sum, { values }) => sum + values.reduce((part, value) => part + value ** 2, 0), 0)
    // The weights are independent draws, so an eighth of the 524,288 has the norm of all within about 0.5 %.
    expect((layers[0].weightNorm ?? 0) / Math.sqrt(squares(training.weights().values()))).toBeCloseTo(1, 1)
    // The gradient has the pattern of the few rows in its columns: a sample of some columns would be far off.
    const whole = Math.sqrt(squares(training.gradients().values()))
    expect((layers[0].gradientNorm ?? 0) / whole).toBeGreaterThan(0.95)
    expect((layers[0].gradientNorm ?? 0) / whole).toBeLessThan(1.05)
  })
})
