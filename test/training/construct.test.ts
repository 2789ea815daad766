import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { modelRequestSchema } from '../../src/contract/model.js'
import { networkSchema } from '../../src/contract/network.js'
import { Predictor } from '../../src/engine/index.js'
import { unpackWeights } from '../../src/threads/packed-weights.js'
import { fromNormalForm } from '../../src/training/construct.js'

/** What the network says of every row of the truth table, in order. */
function answers(inputs: number, trueRows: number[]): number[] {
  const { network, tensors, weights } = fromNormalForm({ inputs, trueRows })
  const predictor = new Predictor(network, unpackWeights({ tensors, bytes: weights }), {
    backend: 'reference',
  })
  const table = Array.from({ length: 2 ** inputs }, (_, row) =>
    [...row.toString(2).padStart(inputs, '0')].map(Number),
  )
  return [...predictor.predict(Float32Array.from(table.flat()))]
}

describe('the network of a disjunctive normal form', () => {
  it('computes every Boolean function of up to eight inputs', () => {
    const functions = fc
      .integer({ min: 1, max: 8 })
      .chain((inputs) => fc.tuple(fc.constant(inputs), fc.subarray([...Array(2 ** inputs).keys()])))
    fc.assert(
      fc.property(functions, ([inputs, trueRows]) => {
        const truth = Array.from({ length: 2 ** inputs }, (_, row) => (trueRows.includes(row) ? 1 : 0))
        expect(answers(inputs, trueRows)).toEqual(truth)
      }),
      { numRuns: 60 },
    )
  })

  it.each([1, 3, 8])('computes the constants of %d inputs', (inputs) => {
    expect(answers(inputs, [])).toEqual(Array(2 ** inputs).fill(0))
    expect(answers(inputs, [...Array(2 ** inputs).keys()])).toEqual(Array(2 ** inputs).fill(1))
  })

  it('computes the parity of sixteen inputs', () => {
    const odd = (row: number) => [...row.toString(2)].filter((bit) => bit === '1').length % 2
    const trueRows = [...Array(2 ** 16).keys()].filter((row) => odd(row) === 1)
    const { layers, parameters, weights, tensors, network } = fromNormalForm({ inputs: 16, trueRows })
    expect(parameters).toBe(2 ** 15 * 17 + 2 ** 15 + 1)
    expect(layers.map((layer) => layer.outputShape)).toEqual([[2 ** 15], [1]])
    const predictor = new Predictor(network, unpackWeights({ tensors, bytes: weights }), {
      backend: 'reference',
    })
    const rows = [0, 1, 3, 0b1000000000000000, 0b1010101010101010, 2 ** 16 - 2, 2 ** 16 - 1]
    const inputs = rows.flatMap((row) => [...row.toString(2).padStart(16, '0')].map(Number))
    expect([...predictor.predict(Float32Array.from(inputs))]).toEqual(rows.map(odd))
  })

  it('has a unit for each true row, with the weights of the lecture', () => {
    const { network, layers, tensors, weights, parameters } = fromNormalForm({ inputs: 3, trueRows: [6, 0] })
    const named = unpackWeights({ tensors, bytes: weights })
    expect(Object.fromEntries([...named].map(([name, { values }]) => [name, [...values]]))).toEqual({
      'layers.0.weight': [1, 1, -1, -1, -1, -1],
      'layers.0.bias': [-1.5, 0.5],
      'layers.1.weight': [1, 1],
      'layers.1.bias': [-0.5],
    })
    expect(layers.map((layer) => layer.parameters)).toEqual([8, 3])
    expect(parameters).toBe(11)
    expect(networkSchema.parse(network)).toEqual(network)
  })
})

describe('what cannot be constructed', () => {
  const pointers = (dnf: unknown) => {
    const { error } = modelRequestSchema.safeParse({ construct: { dnf } })
    return error?.issues.map(({ path, message }) => [path.slice(2).join('/'), message])
  }

  it('is refused with its pointer', () => {
    expect(pointers({ inputs: 3, trueRows: [1, 8] })).toEqual([
      ['trueRows/1', 'must be at most 7, the last row of 3 inputs'],
    ])
    expect(pointers({ inputs: 3, trueRows: [5, 2, 5] })).toEqual([['trueRows/2', 'repeats row 5 of index 0']])
    expect(pointers({ inputs: 17, trueRows: [] })).toEqual([
      ['inputs', 'must be at most 16, because the network needs a unit for each true row'],
    ])
    expect(pointers({ inputs: 0, trueRows: [-1, 0.5] })?.map(([place]) => place)).toEqual([
      'inputs',
      'trueRows/0',
      'trueRows/1',
    ])
  })
})
