/** The data of tensors in large bodies: the thread that parses them moves numbers out of the message. */
import { describe, expect, it } from 'vitest'
import { parseBody, toParsedBody } from '../../src/bodies/body-thread.js'
import { inferenceRequestSchema, type RequestInput } from '../../src/contract/inference.js'
import { Problem } from '../../src/contract/problems.js'
import { readTensor } from '../../src/training/inference/tensor-reader.js'
import { finish } from '../support/finish.js'

function parse(shape: number[], data: unknown[], datatype = 'FP64') {
  const bytes = Buffer.from(JSON.stringify({ inputs: [{ name: 'x', shape, datatype, data }] }))
  return parseBody({ bytes, name: 'inference', prefix: null })
}

/** The first input, after its message arrived in the process. */
function received(...parsed: Parameters<typeof parse>): RequestInput {
  const [input] = inferenceRequestSchema.parse(toParsedBody(structuredClone(parse(...parsed))).value).inputs
  return input
}

describe('numbers of a large body', () => {
  it('are a typed array in the message, and no list', () => {
    const result = parse([3, 1], [[1], [null], [-0.5]])
    if (result.type !== 'inference') throw new Error(`the result is ${result.type}`)
    expect(result.value.inputs[0].data).toEqual([])
    expect([...result.numbers]).toEqual([[0, Float64Array.of(1, Number.NaN, -0.5)]])
  })

  it('are the elements of the tensor, null for missing ones', () => {
    const { value } = toParsedBody(
      structuredClone(
        parse(
          [2, 2],
          [
            [1, 2.5],
            [null, -3],
          ],
        ),
      ),
    )
    const { inputs } = value as { inputs: RequestInput[] }
    const read = finish(readTensor(inputs[0], 4, null))
    expect([0, 1, 2, 3].map(read)).toEqual([1, 2.5, null, -3])
  })
})

it('keeps other elements as a flat list', () => {
  expect(received([2, 1], [['a'], [1]], 'BYTES').data).toEqual(['a', 1])
})

describe('data is refused in the thread', () => {
  it.each([
    [
      'has another number of elements than its shape',
      [2, 1],
      Array(100_000).fill([1]),
      'has 100000 elements',
    ],
    ['has too many rows', [100_000, 1], Array(100_000).fill(['']), 'has 100000 rows; send 1 to 10000'],
  ])('if it %s', (_name, shape, data, message) => {
    const result = parse(shape, data)
    expect(result.type).toBe('refused')
    expect(() => toParsedBody(result)).toThrow(Problem)
    expect(() => toParsedBody(result)).toThrow(message)
  })
})
