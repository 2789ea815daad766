import { expect, test } from 'vitest'
import { z } from 'zod'
import { preparationParameters, readPreparation } from '../../src/http/preparation-parameters.js'

const schema = z.strictObject(preparationParameters)
const read = (query: Record<string, string>) => readPreparation(schema.parse(query))

test('the default is inferred types and imputed missing values', () => {
  expect(read({})).toEqual({ types: [], missing: { everywhere: 'impute', columns: [] } })
})

test('short forms name columns, types and rules', () => {
  expect(
    read({
      target: 'a, b',
      types: 'zip:category,10:30:number',
      missing: 'mean,city:constant=un:known,age:drop',
    }),
  ).toEqual({
    target: ['a', 'b'],
    types: [
      { name: 'zip', type: 'category' },
      { name: '10:30', type: 'number' },
    ],
    missing: {
      everywhere: 'mean',
      columns: [
        { name: 'city', rule: { constant: 'un:known' } },
        { name: 'age', rule: 'drop' },
      ],
    },
  })
})

test('JSON supports any column name', () => {
  expect(
    read({
      target: '["a,b"]',
      types: '{"__proto__":"ignored","x:y,z":"boolean"}',
      missing: '{"":{"constant":0},"city":"mean"}',
    }),
  ).toEqual({
    target: ['a,b'],
    types: [
      { name: '__proto__', type: 'ignored' },
      { name: 'x:y,z', type: 'boolean' },
    ],
    missing: { everywhere: { constant: 0 }, columns: [{ name: 'city', rule: 'mean' }] },
  })
})

test.each([
  [{ target: '[]' }, 'must be a list of at least one name'],
  [{ target: '["a"' }, 'starts like JSON but is not valid JSON'],
  [{ types: 'zip:word' }, 'zip: must be one of number, category, boolean, date, ignored'],
  [{ types: 'zip' }, 'must be one of number'],
  [{ missing: 'median' }, 'must be impute, drop, mean or constant=VALUE'],
  [{ missing: '{"a":{"constant":[]}}' }, 'must be impute, drop, mean or constant=VALUE'],
])('%j is refused', (query, message) => {
  const { error } = schema.safeParse(query)
  expect(error?.issues.map((issue) => issue.message).join()).toContain(message)
})
