/** Compares metrics with those of scikit-learn, which test/fixtures/sklearn/generate.py computed. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { TargetCoding } from '../../src/contract/dataset.js'
import { type Evaluation, evaluationSchema } from '../../src/contract/evaluation.js'
import { Evaluator, type EvaluatorOptions } from '../../src/datasets/evaluation.js'

const numbers = z.array(z.number())
const fixture = z
  .object({
    classes: z.array(
      z.object({
        name: z.string(),
        threshold: z.number(),
        truth: numbers,
        answers: z.union([numbers, z.array(numbers)]),
        confusion: z.array(numbers),
        accuracy: z.number(),
        precision: numbers,
        recall: numbers,
        f1: numbers,
        support: numbers,
        macro: numbers,
        rocAuc: z.number().nullish(),
        averagePrecision: z.number().nullish(),
      }),
    ),
    regressions: z.array(
      z.object({
        name: z.string(),
        truth: numbers,
        answers: numbers,
        rmse: z.number(),
        mae: z.number(),
        r2: z.number(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('../fixtures/sklearn/metrics.json', import.meta.url), 'utf8')))

/** Both compute in float64, but in different orders. */
const digits = 12

function evaluated(
  coding: TargetCoding,
  options: Omit<EvaluatorOptions, 'isBinary'>,
  rows: (readonly [target: readonly number[], output: readonly number[]])[],
): Evaluation {
  const size = { rows: 'validation', available: rows.length, count: rows.length } as const
  const evaluator = new Evaluator(coding, { ...options, isBinary: true }, size)
  for (const [target, output] of rows) evaluator.add(target, output)
  return evaluator.result()
}

function classification(evaluation: Evaluation) {
  if (evaluation.type !== 'classification') throw new Error(`a ${evaluation.type} came`)
  return evaluation
}

const closeTo = (expected: readonly number[]) => expected.map((value) => expect.closeTo(value, digits))

const binary: TargetCoding = { type: 'binary', name: 'y', classes: ['no', 'yes'] }
const sigmoid = { loss: 'binaryCrossentropy', lastActivation: 'sigmoid' } as const
const hinge = { loss: 'hinge', lastActivation: 'linear' } as const
const softmax = { loss: 'categoricalCrossentropy', lastActivation: 'softmax' } as const

describe.each(fixture.classes)('$name', (expected) => {
  const { truth, answers, support, threshold } = expected
  const rows = truth.map((actual, row) => {
    const answer = answers[row]
    return typeof answer === 'number'
      ? ([[actual], [answer]] as const)
      : ([support.map((_, index) => (index === actual ? 1 : 0)), answer] as const)
  })
  const isTwo = typeof answers[0] === 'number'
  const classes = support.map((_, index) => `c${index}`)
  const result = classification(
    isTwo
      ? evaluated(binary, threshold === 0 ? hinge : sigmoid, rows)
      : evaluated({ type: 'oneHot', name: 'y', classes }, softmax, rows),
  )

  test('has the confusion, precision, recall, F1 and macro averages of scikit-learn', () => {
    expect(result.confusion).toEqual(expected.confusion)
    expect(result.accuracy).toBeCloseTo(expected.accuracy, digits)
    expect(result.perClass.map(({ precision }) => precision)).toEqual(closeTo(expected.precision))
    expect(result.perClass.map(({ recall }) => recall)).toEqual(closeTo(expected.recall))
    expect(result.perClass.map(({ f1 }) => f1)).toEqual(closeTo(expected.f1))
    expect(result.perClass.map((each) => each.support)).toEqual(support)
    const { precision, recall, f1 } = result.macro ?? {}
    expect([precision, recall, f1]).toEqual(closeTo(expected.macro))
    const most = Math.max(...support)
    expect(result.baseline?.accuracy).toBeCloseTo(most / truth.length, digits)
  })

  test('of two classes has the areas under both curves, and thresholds with the counts by hand', () => {
    const { twoClasses } = result
    if (!isTwo) {
      expect(twoClasses).toBeNull()
      return
    }
    const near = (value: number | null | undefined) =>
      typeof value === 'number' ? expect.closeTo(value, digits) : null
    expect(twoClasses?.rocAuc).toEqual(near(expected.rocAuc))
    expect(twoClasses?.averagePrecision).toEqual(near(expected.averagePrecision))
    expect(twoClasses?.threshold).toBe(threshold)
    const table = twoClasses?.thresholds ?? []
    expect(table.map((each) => each.threshold)).toContain(threshold)
    for (const { threshold, ...counts } of table) {
      const count = (actual: number, isAbove: boolean) =>
        truth.filter((each, row) => each === actual && Number(answers[row]) >= threshold === isAbove).length
      expect(counts).toEqual({
        truePositives: count(1, true),
        falsePositives: count(0, true),
        trueNegatives: count(0, false),
        falseNegatives: count(1, false),
      })
    }
  })
})

test('two softmax outputs are scored like one sigmoid; another threshold changes predictions', () => {
  const rows = [
    [
      [1, 0],
      [0.75, 0.25],
    ],
    [
      [0, 1],
      [0.625, 0.375],
    ],
    [
      [0, 1],
      [0.25, 0.75],
    ],
  ] as const
  const coding: TargetCoding = { type: 'oneHot', name: 'y', classes: ['no', 'yes'] }
  expect(evaluated(coding, softmax, [...rows])).toMatchObject({
    confusion: [
      [1, 0],
      [1, 1],
    ],
    twoClasses: { positive: 'yes', threshold: 0.5, rocAuc: 1, averagePrecision: 1 },
  })
  expect(evaluated(coding, { ...softmax, threshold: 0.25 }, [...rows])).toMatchObject({
    confusion: [
      [0, 1],
      [0, 2],
    ],
    twoClasses: { threshold: 0.25 },
  })
})

test('equal probabilities mean the second class, as in predictions', () => {
  const coding: TargetCoding = { type: 'oneHot', name: 'y', classes: ['no', 'yes'] }
  const rows = [[[1, 0] as const, [0.5, 0.5] as const]] as const
  const confusion = [
    [0, 1],
    [0, 0],
  ]
  expect(evaluated(coding, softmax, [...rows])).toMatchObject({ confusion })
  expect(evaluated(coding, { ...softmax, threshold: 0.5 }, [...rows])).toMatchObject({ confusion })
})

test('two sigmoid units are compared with each other, without the threshold', () => {
  const rows = [
    [
      [1, 0],
      [0.875, 0.75],
    ],
    [
      [0, 1],
      [0.125, 0.25],
    ],
  ] as const
  const coding: TargetCoding = { type: 'oneHot', name: 'y', classes: ['no', 'yes'] }
  expect(evaluated(coding, { ...sigmoid, threshold: 0.5 }, [...rows])).toMatchObject({
    confusion: [
      [1, 0],
      [0, 1],
    ],
    twoClasses: { threshold: 0, rocAuc: 1 },
  })
})

test('hinge scores are ranked unchanged, and the second class starts at 0', () => {
  const rows = [
    [[0], [-2]],
    [[1], [-1]],
    [[0], [0]],
    [[1], [3]],
  ] as const
  // Pairs in the right order: (−1, −2), (3, −2), (3, 0); wrong: (−1, 0).
  expect(evaluated(binary, hinge, [...rows])).toMatchObject({
    confusion: [
      [1, 1],
      [1, 1],
    ],
    twoClasses: { threshold: 0, rocAuc: 0.75 },
  })
})

test.each([3, 49, 2_000])('%i positive rows before all others have areas of exactly 1', (positives) => {
  const rows = Array.from({ length: 2 * positives }, (_, row) => {
    return [[row < positives ? 1 : 0], [1 - row / (2 * positives)]] as const
  })
  const { twoClasses } = classification(evaluated(binary, sigmoid, rows))
  expect(twoClasses).toMatchObject({ rocAuc: 1, averagePrecision: 1 })
})

test('the evaluation of any scores matches its schema', () => {
  const row = fc.tuple(
    fc.constantFrom(0, 1),
    fc.constantFrom(...Array.from({ length: 60 }, (_, index) => index / 59)),
  )
  fc.assert(
    fc.property(fc.array(row, { maxLength: 300 }), (all) => {
      const rows = all.map(([actual, score]) => [[actual], [score]] as const)
      const evaluation = evaluated(binary, sigmoid, rows)
      expect(evaluationSchema.parse(JSON.parse(JSON.stringify(evaluation)))).toEqual(evaluation)
    }),
  )
})

test('many scores become at most 200 thresholds in descending order', () => {
  const rows = Array.from({ length: 5_000 }, (_, row) => [[row % 2], [row / 5_000]] as const)
  const { twoClasses } = classification(evaluated(binary, sigmoid, rows))
  const thresholds = twoClasses?.thresholds.map(({ threshold }) => threshold) ?? []
  expect(thresholds.length).toBeLessThanOrEqual(200)
  expect([thresholds[0], thresholds.at(-1)]).toEqual([4_999 / 5_000, 0])
  expect(thresholds).toEqual(thresholds.toSorted((a, b) => b - a))
})

test('has a notice for a classifier no better than the most frequent class', () => {
  const rows = Array.from({ length: 20 }, (_, row) => [[row === 0 ? 1 : 0], [0.1]] as const)
  const { notices, baseline } = classification(evaluated(binary, sigmoid, rows))
  expect(baseline).toEqual({ class: 'no', accuracy: 0.95 })
  expect(notices).toEqual([
    {
      code: 'no-better-than-most-frequent',
      message:
        'The model is right in 95.0 % of these rows, no better than always predicting "no", which is right in 95.0 %. ' +
        'The classes are imbalanced: try "classWeight": "balanced", and compare recall.',
    },
  ])
})

test('has a notice for a label no better than the most frequent value', () => {
  const coding: TargetCoding = { type: 'multiLabel', names: ['big', 'red'] }
  const rows = [
    [
      [1, 1],
      [0.9, 0.1],
    ],
    [
      [0, 0],
      [0.2, 0.3],
    ],
    [
      [1, 0],
      [0.8, 0.4],
    ],
  ] as const
  const { notices } = evaluated(coding, sigmoid, [...rows])
  expect(notices).toEqual([
    {
      code: 'no-better-than-most-frequent',
      message:
        'The model is right about red in 66.7 % of these rows, no better than always predicting "no", which is right in ' +
        '66.7 %. Try more epochs, another learning rate, or features that are more predictive of red.',
    },
  ])
})

describe.each(fixture.regressions)('$name', ({ truth, answers, rmse, mae, r2 }) => {
  test('has the errors and R² of scikit-learn, in the unit of the target', () => {
    const plain: TargetCoding = { type: 'number', names: ['price'], binary: false }
    const [offset, scale] = [300_000, 65_536]
    const scaled: TargetCoding = {
      ...plain,
      scaling: { method: 'standardize', offset: [offset], scale: [scale] },
    }
    for (const coding of [plain, scaled]) {
      const inScale = (value: number) => (coding.scaling === undefined ? value : (value - offset) / scale)
      const rows = truth.map((actual, row) => [[inScale(actual)], [inScale(answers[row])]] as const)
      const result = evaluated(coding, { loss: 'meanSquaredError' }, rows)
      if (result.type !== 'regression') throw new Error(`a ${result.type} came`)
      const [target] = result.targets
      expect([target.rmse, target.mae, target.r2]).toEqual([
        expect.closeTo(rmse, 5),
        expect.closeTo(mae, 5),
        expect.closeTo(r2, digits),
      ])
      expect(result.notices.map(({ code }) => code)).toEqual(r2 < 0 ? ['worse-than-mean'] : [])
    }
  })
})

test('has a notice with an R² below 0', () => {
  // Σ(ŷ − y)² = 25 · 0.25 and Σ(y − ȳ)² = 1: R² = 1 − 6.25.
  const rows = [
    [[0], [2]],
    [[0], [1.5]],
    [[1], [1]],
    [[1], [1]],
  ] as const
  const { notices } = evaluated({ type: 'number', names: ['y'], binary: false }, { loss: 'squaredError' }, [
    ...rows,
  ])
  expect(notices.map(({ message }) => message)).toEqual([
    'R² of y is −5.25: always predicting the mean of y is better than this model. Try "targetScaling": ' +
      '"standardize", more epochs, or another learning rate.',
  ])
})

test('targets other than 0 and 1 are evaluated as a regression, even if the training rows had none', () => {
  const coding: TargetCoding = { type: 'number', names: ['y'], binary: true }
  const evaluator = new Evaluator(
    coding,
    { ...sigmoid, loss: 'squaredError', isBinary: false },
    { rows: 'validation', available: 2, count: 2 },
  )
  evaluator.add([0.5], [0.25])
  evaluator.add([0], [0.25])
  expect(evaluator.result()).toMatchObject({ type: 'regression', targets: [{ mae: 0.25 }] })
})

test('targets that are not classes have no accuracy with any loss', () => {
  const numbers: TargetCoding = { type: 'number', names: ['y'], binary: false }
  const rows = [[[0], [0.2]]] as const
  for (const lastActivation of ['sigmoid', 'softmax', 'linear'] as const) {
    expect(evaluated(numbers, { loss: 'squaredError', lastActivation }, [...rows]).type).toBe('regression')
  }
  expect(
    evaluated({ ...numbers, binary: true }, { loss: 'squaredError', lastActivation: 'sigmoid' }, [...rows])
      .type,
  ).toBe('classification')
})
