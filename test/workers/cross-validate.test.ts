/** Epochs chosen by folds: nothing of a row that is asked about has been learned, and every row is asked about once. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type JobSpec, jobSpecSchema } from '../../src/contract/job-spec.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import type { Table } from '../../src/datasets/table.js'
import { splitFolds } from '../../src/engine/index.js'
import { chooseEpochs, type FoldOrder, median } from '../../workers/cross-validate.js'
import { encodeRows } from '../../workers/encode-rows.js'
import { evaluateFolds } from '../../workers/evaluate-model.js'
import { type FoldResult, stopWords } from '../../workers/messages.js'

describe('folds', () => {
  it('hold each row out once, and differ by at most one row, also in each class', () => {
    const cases = fc.record({
      classes: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 200 }),
      folds: fc.integer({ min: 2, max: 20 }),
      seed: fc.maxSafeNat(),
    })
    fc.assert(
      fc.property(cases, ({ classes, folds, seed }) => {
        const rows = classes.length
        const held = splitFolds({ rows, folds, seed }, Int32Array.from(classes))
        expect(held).toHaveLength(folds)
        const all = held.flatMap((fold) => [...fold])
        expect(all.toSorted((a, b) => a - b)).toEqual(classes.map((_, row) => row))
        for (const fold of held) expect([...fold]).toEqual([...fold].toSorted((a, b) => a - b))
        for (const wanted of [undefined, 0, 1, 2, 3]) {
          const sizes = held.map(
            (fold) => [...fold].filter((row) => wanted === undefined || classes[row] === wanted).length,
          )
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  it('follow the seed', () => {
    const of = (seed: number) => splitFolds({ rows: 50, folds: 5, seed }, null).map((fold) => [...fold])
    expect(of(1)).toEqual(of(1))
    expect(of(1)).not.toEqual(of(2))
  })
})

describe('the median', () => {
  // By hand.
  it.each([
    [[7], 7],
    [[9, 1, 5], 5],
    [[4, 1], 2.5],
    [[1, 100, 3, 2], 2.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected)
  })
})

const dense = (units: number, activation: string) => ({ type: 'dense', units, activation })

function specOf(given: object): JobSpec {
  return jobSpecSchema.parse({
    dataset: 'inline',
    network: { inputShape: [1], layers: [dense(1, 'linear')] },
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: 0.05 },
    epochs: 200,
    batchSize: 16,
    validationSplit: 0,
    seed: 3,
    earlyStopping: { patience: 200, folds: 4 },
    ...given,
  })
}

function examine(spec: JobSpec, training: Table, changes: Partial<FoldOrder> = {}) {
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const data = { type: 'raw' as const, training, validation: null, image: null, inheritance: null }
  const folds = spec.earlyStopping?.folds ?? 0
  const order: FoldOrder = {
    spec,
    folds,
    data,
    backend: 'reference',
    source: { initialWeights: null, sourceCoding: null },
    stop,
    done: [],
    onFold: () => {},
    ...changes,
  }
  const outcome = chooseEpochs(order)
  if (outcome.type !== 'chosen') return { outcome, evaluation: null }
  return { outcome, evaluation: evaluateFolds(outcome.answers, spec, encodeRows(spec, data), stop) }
}

describe('the evaluation of folds', () => {
  it('is in the unit of the target, though each fold learns a separate scale', () => {
    // A line, far from 0: on any other scale than their own the answers would be thousands away.
    const x = Array.from({ length: 41 }, (_, row) => row)
    const table = tableFromInline({ x, y: x.map((value) => 200_000 + 1_000 * value) })
    const { evaluation } = examine(specOf({ scaling: 'standardize', targetScaling: 'standardize' }), table)
    if (evaluation?.type !== 'regression') throw new Error('is no regression')
    expect(evaluation).toMatchObject({ rows: 'folds', available: 41, count: 41, unanswered: 0 })
    const [{ r2, pairs }] = evaluation.targets
    expect(r2).toBeGreaterThan(0.999)
    // The first row is 200,000; the line rises by 1,000 a row.
    expect(pairs[0][0]).toBeCloseTo(200_000, 0)
    for (const [actual, predicted] of pairs) expect(Math.abs(actual - predicted)).toBeLessThan(1_000)
  })

  it('uses no held-out row for training', () => {
    // Every row is alone with its input: a network learns all of them by heart, and can only guess the others.
    const rows = 60
    const one = (row: number) => Array.from({ length: rows }, (_, index) => (index === row ? 1 : 0))
    const x = Array.from({ length: rows }, (_, row) => one(row))
    const table = tableFromInline({ x, y: x.map((_, row) => (row % 3 === 0 ? 1 : 0)) })
    const network = { inputShape: [rows], layers: [dense(1, 'sigmoid')] }
    const { evaluation } = examine(specOf({ network, loss: 'binaryCrossentropy' }), table)
    if (evaluation?.type !== 'classification') throw new Error('is no classification')
    // All are taken for the frequent class: 40 of 60 are right.
    expect([evaluation.count, evaluation.right, evaluation.confusion]).toEqual([
      60,
      40,
      [
        [40, 0],
        [20, 0],
      ],
    ])
  })
})

it('train with the weights of rows and classes, but count each row once', () => {
  const x = Array.from({ length: 30 }, (_, row) => [row / 10, 1 + (row % 3)])
  const table = tableFromInline({ x, y: x.map((_, row) => (row < 10 ? 0 : 1)) })
  const network = { inputShape: [1], layers: [dense(2, 'softmax')] }
  const weighted = { network, loss: 'categoricalCrossentropy', classWeight: 'balanced', sampleWeight: 'x2' }
  const { evaluation } = examine(specOf(weighted), table)
  expect(evaluation).toMatchObject({ type: 'classification', rows: 'folds', count: 30, unanswered: 0 })
})

describe('the number of epochs', () => {
  const noisy = () => {
    const x = Array.from({ length: 40 }, (_, row) => row / 20 - 1)
    return tableFromInline({ x, y: x.map((value, row) => (value + Math.sin(1e5 * row) > 0 ? 1 : 0)) })
  }
  const classifier = (given: object = {}) =>
    specOf({
      network: { inputShape: [1], layers: [dense(50, 'relu'), dense(1, 'sigmoid')] },
      loss: 'binaryCrossentropy',
      ...given,
    })

  it('is the same in every attempt, and at most that of the spec', () => {
    const [first, second] = [examine(classifier(), noisy()), examine(classifier(), noisy())]
    expect(second).toEqual(first)
    if (first.outcome.type !== 'chosen') throw new Error('was not chosen')
    expect(first.outcome.epochs).toBeGreaterThanOrEqual(1)
    expect(first.outcome.epochs).toBeLessThanOrEqual(200)
    expect(examine(classifier({ epochs: 1 }), noisy()).outcome).toMatchObject({ epochs: 1 })
    expect(examine(classifier({ seed: 4 }), noisy()).outcome).not.toEqual(first.outcome)
  })

  it('is not chosen if every fold diverges, nor after a request to stop', () => {
    const x = Array.from({ length: 20 }, (_, row) => 1e6 * row)
    const steep = specOf({ optimizer: { type: 'sgd', learningRate: 1e6 }, batchSize: 4 })
    expect(examine(steep, tableFromInline({ x, y: x })).outcome).toMatchObject({ type: 'diverged', epoch: 1 })
    const stop = new Int32Array(new SharedArrayBuffer(4)).fill(1)
    expect(examine(classifier(), noisy(), { stop }).outcome).toEqual({ type: 'stopped' })
  })

  it('is the same if each fold is trained in another attempt', () => {
    const whole = examine(classifier(), noisy()).outcome
    const done: FoldResult[] = []
    const outcomes = []
    for (const _ of [1, 2, 3, 4]) {
      // Set during a fold, which is trained to its end.
      const stop = new Int32Array(new SharedArrayBuffer(4)).fill(stopWords.afterFold)
      const attempt = { stop, done: [...done], onFold: (result: FoldResult) => done.push(result) }
      outcomes.push(examine(classifier(), noisy(), attempt).outcome)
    }
    expect(outcomes).toEqual(Array(4).fill({ type: 'stopped' }))
    expect(done).toHaveLength(4)
    const onFold = () => {
      throw new Error('all folds are trained')
    }
    expect(examine(classifier(), noisy(), { done, onFold }).outcome).toEqual(whole)
  })
})
