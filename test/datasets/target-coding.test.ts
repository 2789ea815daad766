/** The coding of targets, and whether accuracy is defined for them. */
import { describe, expect, test } from 'vitest'
import type { Column } from '../../src/contract/dataset.js'
import type { Activation, Loss } from '../../src/contract/network.js'
import { builtIn } from '../../src/datasets/built-ins.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import { accuracyRule, canScaleTargets, targetCoding } from '../../src/datasets/target-coding.js'

const number = (name: string, rest: Partial<Column> = {}): Column => ({
  name,
  type: 'number',
  role: 'target',
  ...rest,
})
const bit = (name: string) => number(name, { min: 0, max: 1, integers: true })
const species: Column = { name: 'species', type: 'category', role: 'target', categories: ['a', 'b', 'c'] }
const churned: Column = { name: 'churned', type: 'boolean', role: 'target', categories: ['false', 'true'] }

function accuracy(targets: Column[], outputs: number, loss: Loss, activation: Activation) {
  return accuracyRule(targetCoding({ columns: targets }, { outputs, loss }), loss, activation)
}

describe('accuracy is measured', () => {
  test.each<[string, Column[], number, Loss, Activation, string]>([
    ['of classes', [species], 3, 'categoricalCrossentropy', 'softmax', 'argmax'],
    ['of classes by squared error', [species], 3, 'squaredError', 'sigmoid', 'argmax'],
    [
      'of class numbers',
      [number('y', { min: 0, max: 2 })],
      3,
      'categoricalCrossentropy',
      'softmax',
      'argmax',
    ],
    ['of two classes', [churned], 1, 'binaryCrossentropy', 'sigmoid', 'half'],
    ['of two classes by a linear unit', [churned], 1, 'meanSquaredError', 'linear', 'half'],
    ['of 0 and 1 by squared error', [bit('y')], 1, 'squaredError', 'sigmoid', 'half'],
    ['of labels', [bit('a'), bit('b')], 2, 'binaryCrossentropy', 'sigmoid', 'half'],
    ['of one-hot rows', [bit('a'), bit('b')], 2, 'categoricalCrossentropy', 'softmax', 'argmax'],
    ['of one-hot rows by squared error', [bit('a'), bit('b')], 2, 'squaredError', 'softmax', 'argmax'],
    ['of unknown numbers by the loss', [number('y', { min: 0, max: 1 })], 1, 'hinge', 'linear', 'half'],
    [
      'of unknown numbers by sigmoid',
      [number('y', { min: 0, max: 1 })],
      1,
      'squaredError',
      'sigmoid',
      'half',
    ],
  ])('%s', (_, targets, outputs, loss, activation, expected) => {
    expect(accuracy(targets, outputs, loss, activation)).toBe(expected)
  })
})

describe('accuracy is not measured', () => {
  const share = { min: 0, max: 1, integers: false }
  test.each<[string, Column[], number, Loss, Activation]>([
    ['of 20 … 90 by a sigmoid', [number('y', { min: 20, max: 90 })], 1, 'squaredError', 'sigmoid'],
    ['of probabilities by softmax', [number('a', share), number('b', share)], 2, 'squaredError', 'softmax'],
    [
      'of probabilities by cross-entropy',
      [number('a', share), number('b', share)],
      2,
      'categoricalCrossentropy',
      'softmax',
    ],
    ['of one probability', [number('y', share)], 1, 'binaryCrossentropy', 'sigmoid'],
    ['of several probabilities', [number('a', share), bit('b')], 2, 'binaryCrossentropy', 'sigmoid'],
    ['of unknown numbers by distance', [number('y', { min: 0, max: 1 })], 1, 'huber', 'linear'],
  ])('%s', (_, targets, outputs, loss, activation) => {
    expect(accuracy(targets, outputs, loss, activation)).toBe('none')
  })
})

test('built-ins and inline rows know whether their numbers are integers', () => {
  const binary = (columns: Column[]) => targetCoding({ columns }, { outputs: 1, loss: 'squaredError' })
  expect(binary(builtIn('xor')?.columns ?? [])).toEqual({ type: 'number', names: ['y'], binary: true })
  expect(binary(tableFromInline({ x: [1, 2], y: [0.5, 1] }).columns)).toMatchObject({ binary: false })
  expect(binary(tableFromInline({ x: [1, 2], y: [0, 2] }).columns)).toMatchObject({ binary: false })
})

test('only numbers other than 0 and 1 can be scaled', () => {
  const coding = (column: Column, loss: Loss) => targetCoding({ columns: [column] }, { outputs: 1, loss })
  const price = coding(number('price', { min: 1e5, max: 1e6 }), 'meanSquaredError')
  expect(canScaleTargets(price, 'meanSquaredError')).toBe(true)
  expect(canScaleTargets(coding(bit('y'), 'squaredError'), 'squaredError')).toBe(false)
  expect(canScaleTargets(coding(churned, 'meanSquaredError'), 'meanSquaredError')).toBe(false)
  expect(canScaleTargets(price, 'binaryCrossentropy')).toBe(false)
})
