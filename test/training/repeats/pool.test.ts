/** Pooled evaluations of folds equal the evaluation of all their rows together. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { TargetCoding } from '../../../src/contract/dataset.js'
import type { Evaluation } from '../../../src/contract/evaluation.js'
import { Evaluator, type EvaluatorOptions } from '../../../src/datasets/evaluation.js'
import { poolEvaluations } from '../../../src/training/repeats/pool.js'

type Row = [target: number[], output: number[]]

function evaluate(coding: TargetCoding, options: EvaluatorOptions, rows: readonly Row[]): Evaluation {
  const evaluated = { rows: 'validation', available: rows.length, count: rows.length } as const
  const evaluator = new Evaluator(coding, options, evaluated)
  for (const [target, output] of rows) evaluator.add(target, output)
  return evaluator.result()
}

const foldsOf = <T>(row: fc.Arbitrary<T>) =>
  fc.array(fc.array(row, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 })

const number = fc.integer({ min: -8, max: 8 })

it('of regressions', () => {
  const coding: TargetCoding = { type: 'number', names: ['a', 'b'] }
  const options: EvaluatorOptions = { loss: 'meanSquaredError', isBinary: false }
  // One prediction in nine is not finite.
  const output = fc.array(fc.oneof({ weight: 8, arbitrary: number }, fc.constant(Number.NaN)), {
    minLength: 2,
    maxLength: 2,
  })
  const rows = fc.tuple(fc.tuple(number, number), output).map(([target, out]): Row => [[...target], out])
  fc.assert(
    fc.property(foldsOf(rows), (folds) => {
      const pooled = poolEvaluations(folds.map((fold) => evaluate(coding, options, fold)))
      const whole = evaluate(coding, options, folds.flat())
      if (pooled?.type !== 'regression' || whole.type !== 'regression') throw new Error('not a regression')
      expect(pooled.count).toBe(whole.count - whole.unanswered)
      for (const [index, { name, rmse, mae, r2 }] of pooled.targets.entries()) {
        const expected = whole.targets[index]
        expect(name).toBe(expected.name)
        const close = (value: number | null) => (value === null ? null : expect.closeTo(value, 8))
        expect([rmse, mae, r2]).toEqual([close(expected.rmse), close(expected.mae), close(expected.r2)])
      }
    }),
  )
})

it('of classes', () => {
  const coding: TargetCoding = { type: 'oneHot', name: 'kind', classes: ['a', 'b', 'c'] }
  const options: EvaluatorOptions = {
    loss: 'categoricalCrossentropy',
    lastActivation: 'softmax',
    isBinary: true,
  }
  const oneHot = (index: number) => [0, 1, 2].map((each) => (each === index ? 1 : 0))
  const rows = fc
    .tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 }))
    .map(([actual, predicted]): Row => [oneHot(actual), oneHot(predicted)])
  fc.assert(
    fc.property(foldsOf(rows), (folds) => {
      const pooled = poolEvaluations(folds.map((fold) => evaluate(coding, options, fold)))
      const whole = evaluate(coding, options, folds.flat())
      if (whole.type !== 'classification') throw new Error('not a classification')
      const { count, classes, confusion, accuracy } = whole
      expect(pooled).toEqual({ type: 'classification', count, classes, confusion, accuracy })
    }),
  )
})

it('of labels', () => {
  const coding: TargetCoding = { type: 'multiLabel', names: ['x', 'y'] }
  const options: EvaluatorOptions = { loss: 'binaryCrossentropy', lastActivation: 'sigmoid', isBinary: true }
  const bits = fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 1 }))
  const rows = fc.tuple(bits, bits).map(([target, output]): Row => [[...target], [...output]])
  fc.assert(
    fc.property(foldsOf(rows), (folds) => {
      const pooled = poolEvaluations(folds.map((fold) => evaluate(coding, options, fold)))
      const whole = evaluate(coding, options, folds.flat())
      if (whole.type !== 'multiLabel') throw new Error('no labels')
      const labels = whole.labels.map(({ name, confusion }) => ({ name, confusion }))
      expect(pooled).toEqual({ type: 'multiLabel', count: whole.count, labels })
    }),
  )
})

it('of different kinds or classes do not exist', () => {
  const softmax: EvaluatorOptions = {
    loss: 'categoricalCrossentropy',
    lastActivation: 'softmax',
    isBinary: true,
  }
  const kinds = (classes: string[]) =>
    evaluate({ type: 'oneHot', name: 'kind', classes }, softmax, [
      [
        [1, 0],
        [1, 0],
      ],
    ])
  const regression = evaluate(
    { type: 'number', names: ['a'] },
    { loss: 'meanSquaredError', isBinary: false },
    [[[1], [1]]],
  )
  expect(poolEvaluations([])).toBeNull()
  expect(poolEvaluations([kinds(['a', 'b']), regression])).toBeNull()
  expect(poolEvaluations([kinds(['a', 'b']), kinds(['a', 'c'])])).toBeNull()
})
