/** Evaluations with results computed by hand. */
import { describe, expect, it } from 'vitest'
import type { TargetCoding } from '../../src/contract/dataset.js'
import type { EvaluatedRows, Evaluation } from '../../src/contract/evaluation.js'
import type { Loss } from '../../src/contract/network.js'
import { Evaluator } from '../../src/datasets/evaluation.js'

type Row = [target: number[], output: number[]]

function evaluate(
  coding: TargetCoding,
  loss: Loss,
  answers: readonly Row[],
  rows: Partial<EvaluatedRows> = {},
): Evaluation {
  const isBinary = answers.every(([target]) => target.every((value) => value === 0 || value === 1))
  const evaluator = new Evaluator(
    coding,
    { loss, isBinary },
    { rows: 'validation', available: answers.length, count: answers.length, ...rows },
  )
  for (const [target, output] of answers) evaluator.add(target, output)
  return evaluator.result()
}

const all = (count: number, unanswered = 0) => ({
  rows: 'validation',
  available: count,
  count,
  unanswered,
})

const three: TargetCoding = { type: 'oneHot', name: 'kind', classes: ['a', 'b', 'c'] }

describe('a classification', () => {
  it('counts rows by class and prediction; the first of equal outputs wins', () => {
    const answers: Row[] = [
      [
        [1, 0, 0],
        [0.8, 0.1, 0.1],
      ],
      [
        [1, 0, 0],
        [0.1, 0.2, 0.7],
      ],
      [
        [0, 1, 0],
        [0.1, 0.45, 0.45],
      ],
      [
        [0, 0, 1],
        [0, 0, 1],
      ],
      [
        [0, 0, 1],
        [0, 1, 0],
      ],
    ]
    expect(evaluate(three, 'categoricalCrossentropy', answers)).toMatchObject({
      type: 'classification',
      ...all(5),
      classes: ['a', 'b', 'c'],
      right: 3,
      confusion: [
        [1, 0, 1],
        [0, 1, 0],
        [0, 1, 1],
      ],
    })
  })

  it.each([
    ['binaryCrossentropy', 0.5],
    ['hinge', 0],
  ] as const)('by one output of %s says the second class from %f up', (loss, least) => {
    const coding: TargetCoding = { type: 'binary', name: 'kind', classes: ['no', 'yes'] }
    const answers: Row[] = [
      [[0], [least - 0.1]],
      [[0], [least]],
      [[1], [least + 0.1]],
      [[1], [least - 0.1]],
      [[1], [least - 0.2]],
    ]
    expect(evaluate(coding, loss, answers)).toMatchObject({
      right: 2,
      confusion: [
        [1, 1],
        [2, 1],
      ],
    })
  })

  it('of the numbers 0 and 1 has them as classes', () => {
    const answers: Row[] = [
      [[0], [0.1]],
      [[1], [0.9]],
    ]
    const coding: TargetCoding = { type: 'number', names: ['y'] }
    expect(evaluate(coding, 'binaryCrossentropy', answers)).toMatchObject({
      type: 'classification',
      classes: ['0', '1'],
      confusion: [
        [1, 0],
        [0, 1],
      ],
    })
    // A target probability is not a class.
    expect(evaluate(coding, 'binaryCrossentropy', [[[0.3], [0.4]], ...answers]).type).toBe('regression')
    expect(evaluate(coding, 'squaredError', answers).type).toBe('regression')
  })

  it('excludes rows without a finite output, and counts them', () => {
    const answers: Row[] = [
      [
        [1, 0, 0],
        [Number.NaN, 0, 0],
      ],
      [
        [0, 1, 0],
        [0, Number.POSITIVE_INFINITY, 0],
      ],
      [
        [0, 0, 1],
        [0, 0, 1],
      ],
    ]
    expect(evaluate(three, 'categoricalCrossentropy', answers)).toMatchObject({ ...all(3, 2), right: 1 })
  })

  it('of too many classes only counts correct predictions', () => {
    const classes = Array.from({ length: 257 }, (_, index) => String(index))
    const row = (hot: number) => classes.map((_, index) => (index === hot ? 1 : 0))
    const answers: Row[] = [
      [row(256), row(256)],
      [row(3), row(4)],
    ]
    expect(
      evaluate({ type: 'oneHot', name: 'k', classes }, 'categoricalCrossentropy', answers),
    ).toMatchObject({
      right: 1,
      confusion: null,
    })
  })
})

it('counts several labels separately', () => {
  const answers: Row[] = [
    [
      [0, 1],
      [0.2, 0.9],
    ],
    [
      [1, 1],
      [0.7, 0.4],
    ],
    [
      [0, 0],
      [0.6, 0.1],
    ],
  ]
  expect(
    evaluate({ type: 'multiLabel', names: ['wet', 'cold'] }, 'binaryCrossentropy', answers),
  ).toMatchObject({
    type: 'multiLabel',
    ...all(3),
    labels: [
      {
        name: 'wet',
        confusion: [
          [1, 1],
          [0, 1],
        ],
      },
      {
        name: 'cold',
        confusion: [
          [1, 0],
          [1, 1],
        ],
      },
    ],
  })
})

describe('a regression', () => {
  it('has errors in the unit of the target, and the pairs', () => {
    const answers: Row[] = [
      [
        [1, 5],
        [1, 4],
      ],
      [
        [2, 5],
        [4, 5],
      ],
      [
        [3, 5],
        [3, 6],
      ],
      [
        [6, 5],
        [4, 5],
      ],
    ]
    // y = 1, 2, 3, 6: ȳ = 3, Σ(y − ȳ)² = 14; errors 0, 2, 0, −2.
    expect(evaluate({ type: 'number', names: ['a', 'b'] }, 'squaredError', answers)).toMatchObject({
      type: 'regression',
      ...all(4),
      targets: [
        {
          name: 'a',
          rmse: Math.SQRT2,
          mae: 1,
          r2: expect.closeTo(1 - 8 / 14, 12),
          pairs: [
            [1, 1],
            [2, 4],
            [3, 3],
            [6, 4],
          ],
        },
        // A constant has no variance.
        {
          name: 'b',
          rmse: Math.SQRT1_2,
          mae: 0.5,
          r2: null,
          pairs: [
            [5, 4],
            [5, 5],
            [5, 6],
            [5, 5],
          ],
        },
      ],
    })
  })

  it.each([
    [1_234, 1, 500],
    [501, 1, 500],
    [499, 1, 499],
    [1_000, 40, 250],
    [10, 20_000, 1],
  ])('of %d rows and %d targets has %d evenly spaced pairs', (count, targets, shown) => {
    const names = Array.from({ length: targets }, (_, index) => `y${index}`)
    const row = (value: number) => names.map(() => value)
    const answers = Array.from({ length: count }, (_, index): Row => [row(index), row(index)])
    const evaluation = evaluate({ type: 'number', names }, 'squaredError', answers)
    if (evaluation.type !== 'regression') throw new Error('is no regression')
    const { pairs } = evaluation.targets[0]
    expect(pairs.length).toBe(shown)
    const steps = pairs.slice(1).map(([actual], index) => actual - pairs[index][0])
    expect(Math.max(0, ...steps) - Math.min(count, ...steps)).toBeLessThanOrEqual(1)
  })

  it('without predictions has no metrics', () => {
    const answers: Row[] = [[[1], [Number.NaN]]]
    expect(evaluate({ type: 'number', names: ['y'] }, 'squaredError', answers)).toMatchObject({
      ...all(1, 1),
      targets: [{ rmse: null, mae: null, r2: null, pairs: [] }],
    })
  })
})
