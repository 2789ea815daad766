/** Training on every backend: identical results for any slices, after resuming, and when repeated. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { compilePrediction } from '../../../src/engine/compile.js'
import {
  type Epoch,
  Predictor,
  readEpochs,
  type Snapshot,
  SpecError,
  train,
  type Weights,
} from '../../../src/engine/index.js'
import type { BackendName } from '../../../src/engine/kernels/backend.js'
import { findDeclaration } from '../../../src/engine/operations.js'
import type { Program } from '../../../src/engine/program.js'
import { validateProgram } from '../../../src/engine/validate-program.js'
import { randomTrainings } from '../../support/random-training.js'
import { type SpecInput, type TrainingCase, trainingCase } from '../../support/training-case.js'
import { firstDifference, registered, type Tolerance } from './cases.js'

/** Every source of differences: dropout, batch statistics, shuffling, momentum, a smaller last batch. */
const everything: SpecInput = {
  network: {
    inputShape: [2, 9],
    layers: [
      { type: 'conv1d', filters: 4, kernelSize: 3, activation: 'gelu' },
      { type: 'batchNormalization' },
      { type: 'maxPooling1d' },
      { type: 'flatten' },
      { type: 'dropout', rate: 0.3 },
      { type: 'dense', units: 3, activation: 'softmax' },
    ],
  },
  loss: 'categoricalCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.01 },
  epochs: 7,
  batchSize: 4,
  schedule: { type: 'cosine', warmupEpochs: 2 },
  clipNorm: 1,
}

interface Outcome {
  readonly epochs: Epoch[]
  readonly state: string
  readonly weights: Weights
}

type Limits = Parameters<ReturnType<typeof train>['run']>[0]

const noEpochs = (firstEpoch: number) => ({ firstEpoch, metrics: new Float64Array(0) })

/** Trains to the end in slices with the limits that `limits` returns. */
function outcome(
  { program, dataset }: TrainingCase,
  backend: BackendName,
  limits: () => Limits = () => ({}),
  seed = 3,
): Outcome {
  const training = train(program, dataset(), { backend, seed })
  const epochs: Epoch[] = []
  for (;;) {
    const slice = training.run(limits())
    epochs.push(...readEpochs(slice.epochs))
    if (slice.state !== 'running') return { epochs, state: slice.state, weights: training.weights() }
  }
}

for (const { backend, reason } of registered) {
  const { name } = backend
  describe.skipIf(reason !== null)(`training on ${name}`, () => {
    const training = trainingCase(everything, 18, 5)
    let whole: Outcome

    beforeAll(() => {
      whole = outcome(training, name)
    })

    test('runs on the requested backend', () => {
      const { program, dataset } = training
      expect(train(program, dataset(), { backend: name, seed: 1 }).backend).toBe(name)
    })

    test('measures every epoch, in order', () => {
      expect(whole.state).toBe('finished')
      expect(whole.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7])
      for (const { loss, accuracy, valLoss, valAccuracy } of whole.epochs) {
        expect(loss).toBeGreaterThan(0)
        expect(valLoss).toBeGreaterThan(0)
        expect((accuracy ?? Number.NaN) * 18).toBeCloseTo(Math.round((accuracy ?? Number.NaN) * 18), 9)
        expect((valAccuracy ?? Number.NaN) * 5).toBeCloseTo(Math.round((valAccuracy ?? Number.NaN) * 5), 9)
      }
    })

    test('the same seed gives identical results, another seed different ones', () => {
      expect(outcome(training, name)).toEqual(whole)
      expect(outcome(training, name, undefined, 4).weights).not.toEqual(whole.weights)
    })

    test.each([
      'shuffle',
      'sequential',
      'random',
    ] as const)('%s gives identical results twice', (sampling) => {
      const sampled = trainingCase({ ...everything, sampling }, 18)
      expect(outcome(sampled, name)).toEqual(outcome(sampled, name))
    })

    test('slices by epochs, steps and milliseconds give the results of one run', () => {
      expect(outcome(training, name, () => ({ maximumEpochs: 2 }))).toEqual(whole)
      expect(outcome(training, name, () => ({ maximumSteps: 3 }))).toEqual(whole)
      expect(outcome(training, name, () => ({ maximumSteps: 1 }))).toEqual(whole)
      expect(outcome(training, name, () => ({ milliseconds: 0.01 }))).toEqual(whole)
    })

    test('a snapshot resumes elsewhere with the results of one run', () => {
      const { program, dataset } = training
      for (const steps of [1, 5, 17, 22]) {
        const first = train(program, dataset(), { backend: name, seed: 3 })
        const before = readEpochs(first.run({ maximumSteps: steps }).epochs)
        const snapshot: Snapshot = structuredClone(first.snapshot())
        const kept = first.snapshot()
        first.run()
        expect(kept).toEqual(snapshot)
        const second = train(program, dataset(), { backend: name, seed: 3 })
        second.restore(snapshot)
        const after = second.run()
        expect({
          epochs: [...before, ...readEpochs(after.epochs)],
          state: after.state,
          weights: second.weights(),
        }).toEqual(whole)
      }
    })

    test('a snapshot of another seed or program is rejected', () => {
      const { program, dataset } = training
      const snapshot = train(program, dataset(), { backend: name, seed: 3 }).snapshot()
      expect(() => train(program, dataset(), { backend: name, seed: 4 }).restore(snapshot)).toThrow(/seed 3/)
      const network = { inputShape: [2], layers: [{ type: 'dense' as const, units: 1 }] }
      const other = trainingCase({ network, loss: 'huber', epochs: 1 }, 4)
      const another = train(other.program, other.dataset(), { backend: name, seed: 3 })
      expect(() => another.restore(snapshot)).toThrow(/does not fit this program/)
    })

    test('stops when the flag is set, and resumes', () => {
      const { program, dataset } = training
      const stop = new Int32Array(new SharedArrayBuffer(4))
      const stopped = train(program, dataset(), { backend: name, seed: 3 })
      const epochs: Epoch[] = []
      const slice = (limits: Limits) => {
        const { epochs: run, state } = stopped.run({ ...limits, stop })
        epochs.push(...readEpochs(run))
        return state
      }
      expect(slice({ maximumSteps: 7 })).toBe('running')
      Atomics.store(stop, 0, 1)
      expect(slice({})).toBe('stopped')
      Atomics.store(stop, 0, 0)
      const state = slice({})
      expect({ epochs, state, weights: stopped.weights() }).toEqual(whole)
    })

    test('stops for a flag in the memory of the dataset', () => {
      const { program, dataset } = training
      const data = dataset()
      const stop = data.memory.int32(data.memory.reserve(4), 1)
      Atomics.store(stop, 0, 1)
      const stopped = train(program, data, { backend: name, seed: 3 })
      expect(stopped.run({ stop })).toEqual({ epochs: noEpochs(1), state: 'stopped' })
    })

    test('several trainings on one dataset are independent and release their memory', () => {
      const { program, dataset } = training
      const data = dataset()
      const first = train(program, data, { backend: name, seed: 3 })
      const second = train(program, data, { backend: name, seed: 3 })
      const epochs: Epoch[] = []
      for (let i = 0; i < 7; i++) {
        epochs.push(...readEpochs(first.run({ maximumEpochs: 1 }).epochs))
        second.run({ maximumSteps: 1 })
      }
      expect({ epochs, state: first.run().state, weights: first.weights() }).toEqual(whole)
      const { bytes } = data.memory
      first.dispose()
      second.dispose()
      for (let i = 0; i < 20; i++) {
        const next = train(program, data, { backend: name, seed: i })
        next.run({ maximumSteps: 1 })
        next.dispose()
      }
      expect(data.memory.bytes).toBe(bytes)
    })

    test('ends at the epoch whose loss is not finite', () => {
      const network = { inputShape: [3], layers: [{ type: 'dense' as const, units: 2 }] }
      const optimizer = { type: 'sgd' as const, learningRate: 1e9 }
      const { program, dataset } = trainingCase(
        { network, loss: 'squaredError', optimizer, epochs: 50, batchSize: 4 },
        8,
      )
      const diverging = train(program, dataset(), { backend: name, seed: 1 })
      const { epochs: run, state } = diverging.run()
      const epochs = readEpochs(run)
      expect(state).toBe('diverged')
      expect(epochs.length).toBeLessThan(10)
      const last = { loss: null, accuracy: null, valLoss: null, valAccuracy: null, diverged: true }
      expect(epochs.at(-1)).toEqual({ epoch: epochs.length, ...last })
      expect(epochs.slice(0, -1).every(({ loss }) => Number.isFinite(loss))).toBe(true)
      expect(diverging.epoch).toBe(epochs.length)
      expect(diverging.run()).toEqual({ epochs: noEpochs(epochs.length + 1), state: 'diverged' })
    })

    test('weights that are not finite after the last epoch count as a divergence', () => {
      const network = { inputShape: [3], layers: [{ type: 'dense' as const, units: 2 }] }
      const optimizer = { type: 'sgd' as const, learningRate: 3e38 }
      const once = trainingCase({ network, loss: 'squaredError', optimizer, epochs: 1, batchSize: 'full' }, 8)
      const { epochs, state } = outcome(once, name)
      expect(state).toBe('diverged')
      expect(epochs).toHaveLength(1)
      expect(epochs[0]?.loss).toBeNull()
      expect(epochs[0]?.diverged).toBe(true)
    })

    test('early stopping ends on time and restores the best weights', () => {
      const overfitting: SpecInput = {
        ...everything,
        optimizer: { type: 'adam', learningRate: 0.05 },
        epochs: 200,
        schedule: undefined,
        earlyStopping: { monitor: 'valLoss', patience: 3 },
      }
      const case_ = trainingCase(overfitting, 18, 5)
      const { epochs, state, weights } = outcome(case_, name)
      expect(state).toBe('earlyStopped')
      const losses = epochs.map(({ valLoss }) => valLoss ?? Number.NaN)
      const best = losses.indexOf(Math.min(...losses))
      expect(epochs.length).toBe(best + 1 + 3)
      const { earlyStopping: _, ...plain } = overfitting
      const upToBest = trainingCase({ ...plain, epochs: best + 1 }, 18, 5)
      expect(weights).toEqual(outcome(upToBest, name).weights)
    })

    test('predicts what it learned, one row at a time and in batches', () => {
      const { program, x } = training
      const inputs = Float32Array.from(x)
      const all = new Predictor(program.network, whole.weights, { backend: name, batchSize: 64 })
      expect(all.backend).toBe(name)
      const outputs = all.predict(inputs)
      expect(outputs.length).toBe(23 * 3)
      for (let row = 0; row < 23; row++) {
        const sum = outputs.slice(row * 3, row * 3 + 3).reduce((total, value) => total + value, 0)
        expect(sum).toBeCloseTo(1, 5)
      }
      const few = new Predictor(program.network, whole.weights, { backend: name, batchSize: 7 }).predict(
        inputs,
      )
      const one = Float32Array.from(
        Array.from({ length: 23 }, (_, i) => [...all.predict(inputs.subarray(i * 18, (i + 1) * 18))]).flat(),
      )
      expect(firstDifference(few, outputs, { relative: 1e-5, absolute: 1e-6 })).toBeNull()
      expect(firstDifference(one, outputs, { relative: 1e-5, absolute: 1e-6 })).toBeNull()
    })

    test.each([
      'dense',
      'activation',
      'dropout',
      'batchNormalization',
    ] as const)('predictions of a network that begins with %s change nothing of what they read', (first) => {
      const beginnings: Record<typeof first, SpecInput['network']['layers'][number]> = {
        dense: { type: 'dense', units: 5, activation: 'tanh' },
        activation: { type: 'activation', activation: 'relu' },
        dropout: { type: 'dropout', rate: 0.5 },
        batchNormalization: { type: 'batchNormalization' },
      }
      const layers = [beginnings[first], { type: 'dense' as const, units: 2 }]
      const beginning = trainingCase({ network: { inputShape: [18], layers }, loss: 'huber', epochs: 1 }, 23)
      const { program, x } = beginning
      const { weights } = outcome(beginning, name)
      const inputs = Float32Array.from(x)
      const before = inputs.slice()
      const predictor = new Predictor(program.network, weights, { backend: name, batchSize: 7 })
      const outputs = predictor.predict(inputs)
      expect(inputs).toEqual(before)
      expect(predictor.predict(inputs)).toEqual(outputs)
      const expected = new Predictor(program.network, weights, { backend: 'reference' }).predict(inputs)
      expect(firstDifference(outputs, expected, { relative: 1e-4, absolute: 1e-5 })).toBeNull()
    })

    test('a bias that batch normalization cancels keeps its initial value', () => {
      const layers: SpecInput['network']['layers'] = [
        { type: 'conv1d', filters: 3, kernelSize: 2 },
        { type: 'maxPooling1d' },
        { type: 'batchNormalization' },
        { type: 'flatten' },
        { type: 'dense', units: 2 },
      ]
      const network = { inputShape: [2, 9], layers }
      const { weights } = outcome(trainingCase({ network, loss: 'huber', epochs: 3 }, 12), name)
      expect([...(weights.get('layers.0.bias')?.values ?? [])]).toEqual([0, 0, 0])
      expect(weights.get('layers.4.bias')?.values.every((value) => value !== 0)).toBe(true)
    })

    test('random networks agree with the reference within the declared tolerances', () => {
      let compared = 0
      fc.assert(
        fc.property(randomTrainings, ({ spec, rows, validationRows, weights }) => {
          const random = orNull(() => trainingCase(spec, rows, validationRows, weights))
          if (random === null) return
          compared++
          expectAgreement(random, name)
        }),
        { numRuns: 120 },
      )
      expect(compared).toBeGreaterThan(60)
    })
  })
}

function orNull<Result>(work: () => Result): Result | null {
  try {
    return work()
  } catch (error) {
    if (error instanceof SpecError) return null
    throw error
  }
}

/** Upper bound: the errors of consecutive operations add up. */
function boundOf(program: Program): Tolerance {
  const { forward, backward } = program.lists
  let relative = 0
  let absolute = 0
  for (const { op } of [...forward, ...backward]) {
    const { tolerance } = findDeclaration(op)
    relative += tolerance.relative
    absolute += tolerance.absolute
  }
  return { relative, absolute }
}

/** Gradients of the first step, predictions with the initial weights and, for plain sgd, all losses. */
function expectAgreement({ program, x, dataset }: TrainingCase, backend: BackendName): void {
  const prediction = compilePrediction(program.network, 8)
  validateProgram(prediction)
  const { relative, absolute } = boundOf(program)
  const step = (on: BackendName) => {
    const training = train(program, dataset(), { backend: on, seed: 9 })
    const initial = training.weights()
    training.run({ maximumSteps: 1 })
    const outputs = new Predictor(program.network, initial, { backend: on }).predict(Float32Array.from(x))
    return { initial, gradients: training.gradients(), outputs, epochs: readEpochs(training.run().epochs) }
  }
  const expected = step('reference')
  const actual = step(backend)
  expect(actual.initial).toEqual(expected.initial)
  for (const [name, { values }] of expected.gradients) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const bound = { relative: 0, absolute: absolute + relative * largest }
    expect(firstDifference(actual.gradients.get(name)?.values ?? [], values, bound), name).toBeNull()
  }
  const largest = expected.outputs.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const bound = { relative: 0, absolute: absolute + relative * largest }
  expect(firstDifference(actual.outputs, expected.outputs, bound)).toBeNull()
  expect(actual.epochs.map(measured)).toEqual(expected.epochs.map(measured))
  const { optimizer } = program.spec
  if (optimizer.type !== 'sgd' || optimizer.momentum > 0) return
  const losses = ({ epochs }: typeof actual) =>
    epochs.flatMap(({ loss, valLoss }) => [loss ?? 0, valLoss ?? 0])
  expect(firstDifference(losses(actual), losses(expected), { relative: 1e-3, absolute: 1e-5 })).toBeNull()
}

/** The metrics that an epoch has. */
function measured({ epoch, loss, accuracy, valLoss, valAccuracy }: Epoch): unknown[] {
  return [epoch, loss === null, accuracy === null, valLoss === null, valAccuracy === null]
}
