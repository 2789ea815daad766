/** Rows of numbers in a large prediction request cross between the threads as one typed array. */
import { describe, expect, it } from 'vitest'
import { parseBody, toParsedBody } from '../../src/bodies/body-thread.js'
import type { EncodableRow, RowList } from '../../src/datasets/raw-rows.js'

const parse = (json: string) => parseBody({ bytes: Buffer.from(json), name: 'prediction', prefix: 'key' })

/** The rows, after their message arrived in the process. */
function received(json: string): (EncodableRow | undefined)[] {
  const { inputs } = toParsedBody(structuredClone(parse(json))).value as { inputs: RowList<EncodableRow> }
  return Array.from({ length: inputs.length + 1 }, (_, row) => inputs.at(row))
}

describe('rows of numbers', () => {
  it('are a typed array in the message, and its parts in the process', () => {
    const json = '{"inputs":[[1,-2.5],[3e2,0]]}'
    expect(parse(json)).toMatchObject({
      type: 'numberRows',
      rows: { width: 2, numbers: Float64Array.of(1, -2.5, 300, 0) },
    })
    expect(received(json)).toEqual([Float64Array.of(1, -2.5), Float64Array.of(300, 0), undefined])
  })

  it('have the fingerprint of the same rows in another spelling', () => {
    const [one, other, different] = ['[[1, 2]]', '[[1.0,2e0]]', '[[1,3]]'].map((rows) =>
      parse(`{"inputs":${rows}}`),
    )
    expect(one).toHaveProperty('fingerprint', expect.stringMatching(/./))
    expect(other).toEqual(one)
    expect(different).not.toHaveProperty('fingerprint', Reflect.get(one, 'fingerprint'))
  })
})

it.each([
  ['of texts', '[[1,"2"]]', [[1, '2'], undefined]],
  ['with missing values', '[[1,null]]', [[1, null], undefined]],
  ['of different lengths', '[[1,2],[3]]', [[1, 2], [3], undefined]],
  ['without values', '[[],[]]', [[], [], undefined]],
  ['by column name', '[{"a":1}]', [{ a: 1 }, undefined]],
  ['of which a later one has names', '[[1],{"a":1}]', [[1], { a: 1 }, undefined]],
])('rows %s stay as they are', (_name, rows, expected) => {
  expect(received(`{"inputs":${rows}}`)).toEqual(expected)
})

it.each([
  ['another field', '{"inputs":[[1]],"rows":[]}', '/rows: is not a known field'],
  ['an infinite number', '{"inputs":[[1e999]]}', '/inputs/0'],
  ['no rows', '{"inputs":[]}', '/inputs'],
  ['too many rows', JSON.stringify({ inputs: Array(10_001).fill([1]) }), '/inputs'],
  ['no list', '{"inputs":1}', '/inputs'],
])('a body with %s is refused', (_name, json, detail) => {
  expect(parse(json)).toMatchObject({ type: 'refused', detail: expect.stringContaining(detail) })
})
