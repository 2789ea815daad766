/** Values exactly on a limit: outputs at a threshold, models as good as the mean, numbers of two categories. */
import { describe, expect, it } from 'vitest'
import type { Coding, TargetCoding } from '../../src/contract/dataset.js'
import { type Evaluation, maximumThresholds } from '../../src/contract/evaluation.js'
import { encodeByCoding } from '../../src/datasets/encoding.js'
import { Evaluator, type EvaluatorOptions } from '../../src/datasets/evaluation.js'
import { decode } from '../../src/datasets/prediction.js'
import { encodeRows } from '../../src/datasets/raw-rows.js'
import { everyRow } from '../../src/datasets/split-rows.js'
import { prepared, reading } from '../support/prepared.js'

function evaluate(
  coding: TargetCoding,
  options: EvaluatorOptions,
  answers: readonly (readonly [target: number[], output: number[]])[],
): Evaluation {
  const count = answers.length
  const evaluator = new Evaluator(coding, options, { rows: 'given', available: count, count })
  for (const [target, output] of answers) evaluator.add(target, output)
  return evaluator.result()
}

const yesNo: TargetCoding = { type: 'binary', name: 'kind', classes: ['no', 'yes'] }
const sigmoid = { loss: 'binaryCrossentropy', lastActivation: 'sigmoid' } as const

describe('an output at the threshold', () => {
  it('is the second class in a prediction and in an evaluation', () => {
    const coding: Coding = { features: [], target: yesNo, ignored: [] }
    for (const threshold of [0.25, 0.5, 0.75]) {
      expect(decode(coding, [threshold], { ...sigmoid, threshold })).toMatchObject({ label: 'yes' })
      expect(decode(coding, [threshold - 1e-6], { ...sigmoid, threshold })).toMatchObject({ label: 'no' })
      const found = evaluate(yesNo, { ...sigmoid, isBinary: true, threshold }, [
        [[1], [threshold]],
        [[0], [threshold - 1e-6]],
      ])
      expect(found).toMatchObject({ accuracy: 1 })
    }
  })

  it('is a label among several', () => {
    const labels: TargetCoding = { type: 'multiLabel', names: ['a', 'b'] }
    const found = evaluate(labels, { ...sigmoid, isBinary: true }, [
      [
        [1, 0],
        [0.5, 0.49],
      ],
    ])
    expect(found).toMatchObject({
      labels: [
        {
          confusion: [
            [0, 0],
            [0, 1],
          ],
        },
        {
          confusion: [
            [1, 0],
            [0, 0],
          ],
        },
      ],
    })
  })

  it('is counted if only some of many thresholds are listed', () => {
    const rows = 4 * maximumThresholds
    const scores = Array.from({ length: rows }, (_, row) => (row + 1) / (rows + 1))
    // Each row’s own score is a threshold in turn, whether it is among those shown or not.
    for (const at of [rows / 2, rows / 2 + 1, rows / 2 + 2, rows / 2 + 3]) {
      const threshold = scores[at]
      const found = evaluate(
        yesNo,
        { ...sigmoid, isBinary: true, threshold },
        scores.map((score, row) => [[row % 2], [score]] as const),
      )
      if (found.type !== 'classification') throw new Error('no classification')
      const counts = found.twoClasses?.thresholds.find((each) => each.threshold === threshold)
      expect(counts).toMatchObject({
        truePositives: scores.filter((score, row) => score >= threshold && row % 2 === 1).length,
        falsePositives: scores.filter((score, row) => score >= threshold && row % 2 === 0).length,
      })
    }
  })
})

it('a model as good as the mean is not reported as worse', () => {
  const number: TargetCoding = { type: 'number', names: ['y'] }
  const options = { loss: 'squaredError', isBinary: false } as const
  const of = (predicted: number) =>
    evaluate(number, options, [
      [[1], [predicted]],
      [[3], [predicted]],
    ])
  expect(of(2)).toMatchObject({ targets: [{ r2: 0 }], notices: [] })
  expect(of(2.01).notices).toHaveLength(1)
})

it('a number that two categories mean is none of them', () => {
  const coding: Coding = {
    features: [{ type: 'category', name: 'a', categories: ['01', '1.0', '2.0'] }],
    target: yesNo,
    ignored: [],
  }
  const { inputs, rows } = encodeRows(coding, [{ a: 1 }, { a: 2 }, { a: '01' }])
  expect([...inputs]).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 0])
  expect(rows.map(({ warnings }) => warnings.length)).toEqual([1, 0, 0])
})

it('a date and another type do not stand for each other', async () => {
  const table = await prepared(
    reading({ day: [['2024-01-01', '2024-02-01']], size: [[1, 2]], y: [[3, 4]] }),
    { target: ['y'], types: [{ name: 'size', type: 'number' }] },
  )
  const part = { table, rows: everyRow(table) }
  const number = (name: string): Coding => ({
    features: [{ type: 'number', name, offset: 0, scale: 1 }],
    target: { type: 'number', names: ['y'] },
    ignored: [],
  })
  const x = new Float32Array(2)
  expect(() => encodeByCoding(part, number('day'), 'squaredError', x, null)).toThrow(
    'day is a date, but the network was trained on a number',
  )
  encodeByCoding(part, number('size'), 'squaredError', x, null)
  expect([...x]).toEqual([1, 2])
  const date: Coding = {
    features: [{ type: 'date', name: 'size', first: 0, parts: [{ part: 'year', offset: 0, scale: 1 }] }],
    target: { type: 'number', names: ['y'] },
    ignored: [],
  }
  expect(() => encodeByCoding(part, date, 'squaredError', x, null)).toThrow('size is a number')
})
