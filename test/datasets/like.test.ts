/** Reads files like the training data of a model, by its stored coding. */
import { expect, test } from 'vitest'
import type { Coding } from '../../src/contract/dataset.js'
import { likeModel } from '../../src/datasets/like.js'
import { prepared, reading } from '../support/prepared.js'

const coding: Coding = {
  features: [
    { type: 'category', name: 'zip', categories: ['01067', '80331'] },
    { type: 'number', name: 'fee', offset: 0, scale: 1, decimal: 'comma', imputation: 2 },
    { type: 'date', name: 'on', first: 19_000, parts: [], dateOrder: 'dayFirst' },
  ],
  target: { type: 'oneHot', name: 'grade', classes: ['1', '2', '3'] },
  ignored: ['note'],
}

test('a file is read with the types, target, comma and order of dates of a model', async () => {
  const dataset = await prepared(
    reading({
      note: [['', '', '']],
      grade: [[1, 2, 1]],
      on: [['2/1/2024', '', '2/1/2024']],
      fee: [['1,234', '', '2']],
      zip: [['01067', '7', '80331']],
      further: [['a', 'b', 'c']],
    }),
    { like: likeModel(coding) },
  )
  expect(dataset.columns.map(({ name, type, role }) => [name, type, role])).toEqual([
    ['note', 'ignored', 'none'],
    ['grade', 'category', 'target'],
    ['on', 'date', 'feature'],
    ['fee', 'number', 'feature'],
    ['zip', 'category', 'feature'],
    ['further', 'ignored', 'none'],
  ])
  // 2 January 2024 is day 19,724. Rows with missing values are kept.
  expect(dataset.data).toEqual([
    ['1', expect.anything(), 1.234, '01067'],
    ['2', null, null, '7'],
    ['1', expect.anything(), 2, '80331'],
  ])
  expect(dataset.columns[2]).toMatchObject({ min: 19_724, max: 19_724, dateOrder: 'dayFirst' })
})

test('the targets of a model of several labels are booleans, those of numbers are numbers', () => {
  const targets = (target: Coding['target']) =>
    likeModel({ features: [], target }).map(({ name, type }) => [name, type])
  expect(targets({ type: 'multiLabel', names: ['a', 'b'] })).toEqual([
    ['a', 'boolean'],
    ['b', 'boolean'],
  ])
  expect(targets({ type: 'number', names: ['price'] })).toEqual([['price', 'number']])
})
