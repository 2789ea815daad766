/** Edit distances counted by hand: insertions, deletions, substitutions and swaps of adjacent letters. */
import { describe, expect, it } from 'vitest'
import { didYouMean, editDistance, nearestName } from '../../src/base/similar-names.js'

describe('the edit distance', () => {
  it.each([
    ['adam', 'adam', 0],
    ['adm', 'adam', 1],
    ['adamm', 'adam', 1],
    ['adan', 'adam', 1],
    ['adma', 'adam', 1],
    ['epcohs', 'epochs', 1],
    ['ab', 'cd', 2],
    ['', 'ab', 2],
    ['ca', 'abc', 3],
  ])('%s → %s', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance)
    expect(editDistance(b, a)).toBe(distance)
  })
})

describe('the most similar name', () => {
  const fields = ['epochs', 'batchSize', 'learningRate', 'loss', 'seed', 'validationSplit']

  it.each([
    ['epoch', 'epochs'],
    ['batch_size', 'batchSize'],
    ['batchsize', 'batchSize'],
    ['Batch-Size', 'batchSize'],
    ['lr', 'learningRate'],
    ['learning_rate', 'learningRate'],
    ['los', 'loss'],
    ['sede', 'seed'],
    ['validation_splt', 'validationSplit'],
  ])('%s → %s', (word, name) => {
    expect(nearestName(word, fields)).toBe(name)
    expect(didYouMean(word, fields)).toBe(`; did you mean "${name}"?`)
  })

  it.each([
    'ls',
    'x',
    '',
    'momentum',
    '_'.repeat(10),
    'l'.repeat(10_000),
  ])('does not exist for %j', (word) => {
    expect(nearestName(word, fields)).toBeUndefined()
    expect(didYouMean(word, fields)).toBe('')
  })
})
