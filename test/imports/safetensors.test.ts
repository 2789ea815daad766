/** Safetensors files of PyTorch and of this service. */
import { describe, expect, it } from 'vitest'
import { networkSchema } from '../../src/contract/network.js'
import { importModel } from '../../src/imports/import-model.js'
import { answer, fixture, fixtureFile, fixtures, largestDifference, safetensors } from './fixtures.js'

/** The bound of the issue. Outputs are below 10, so float32 sums of some 100 products differ by about 1e-6. */
const tolerance = 1e-5

describe('a state dict of PyTorch', () => {
  it.each(fixtures)('$name answers as PyTorch does', (each) => {
    const model = importModel(fixtureFile(`${each.name}.safetensors`), { network: each.network })
    expect(largestDifference(model, each)).toBeLessThan(tolerance)
  })

  // Eleven bits of fraction, and eight: each weight differs by at most 2^-11 and 2^-8 of itself.
  it.each([
    ['F64', tolerance],
    ['F16', 1e-3],
    ['BF16', 1e-2],
  ])('in %s is converted', (type, difference) => {
    const signal = fixture('signal')
    const model = importModel(fixtureFile(`signal-${type}.safetensors`), { network: signal.network })
    expect(largestDifference(model, signal)).toBeLessThan(difference)
  })

  it('keeps subnormal, negative and largest numbers of 16 bits', () => {
    const network = networkSchema.parse({
      inputShape: [4],
      layers: [{ type: 'dense', units: 1, useBias: false }],
    })
    const bits = (...words: number[]) => Buffer.from(Uint16Array.from(words).buffer)
    const file = (dtype: string, data: Buffer) => {
      const header = JSON.stringify({ 'a.weight': { dtype, shape: [1, 4], data_offsets: [0, 8] } })
      const length = Buffer.alloc(8)
      length.writeBigUInt64LE(BigInt(header.length))
      return Buffer.concat([length, Buffer.from(header), data])
    }
    const weights = (dtype: string, data: Buffer) =>
      Array.from(new Float32Array(importModel(file(dtype, data), { network }).weights.buffer))
    expect(weights('F16', bits(0x0001, 0x83ff, 0x7bff, 0xc000))).toEqual([
      2 ** -24,
      -1023 * 2 ** -24,
      65_504,
      -2,
    ])
    expect(weights('BF16', bits(0x3f80, 0xc049, 0x0080, 0x8000))).toEqual([1, -3.140625, 2 ** -126, -0])
  })
})

const layers = (...units: number[]) =>
  networkSchema.parse({
    inputShape: [2],
    layers: units.map((each) => ({ type: 'dense', units: each, useBias: false })),
  })

const square = (factor: number) => ({ shape: [2, 2], values: [factor, 0, 0, 1] })

describe('tensors of one shape', () => {
  it('are ordered by the numbers in their names', () => {
    const file = safetensors({
      'net.10.weight': square(5),
      'net.2.weight': square(3),
      'net.0.weight': square(2),
    })
    const { weights } = importModel(file, { network: layers(2, 2, 2) })
    const numbers = new Float32Array(weights.buffer)
    expect([0, 4, 8].map((index) => numbers[index])).toEqual([2, 3, 5])
  })

  it('are refused as ambiguous if their names have no order', () => {
    const file = safetensors({ 'middle.weight': square(2), 'first.weight': square(3) })
    expect(() => importModel(file, { network: layers(2, 2) })).toThrow(
      '"middle", "first" (weight [2, 2]) match "layers.0", "layers.1"',
    )
  })

  it('take the names of this service as they are', () => {
    const file = safetensors({ 'layers.1.weight': square(2), 'layers.0.weight': square(3) })
    expect(Array.from(answer(importModel(file, { network: layers(2, 2) }), [1, 1]))).toEqual([6, 1])
  })
})

describe('a file that does not fit', () => {
  it.each([
    [
      'a tensor too many',
      { 'a.weight': square(1), 'b.weight': square(1) },
      layers(2),
      '2 of the file ("a", "b") have',
    ],
    [
      'a tensor missing',
      { 'a.weight': square(1) },
      layers(2, 2),
      'and 2 of the network ("layers.0", "layers.1")',
    ],
    [
      'another shape',
      { 'a.weight': square(1) },
      layers(3),
      '"layers.0" of the network needs weight [3, 2], which no',
    ],
    [
      'a bias',
      { 'a.weight': square(1), 'a.bias': { shape: [2], values: [1, 2] } },
      layers(2),
      '"a" of the file has bias [2], weight [2, 2], which no layer takes',
    ],
    ['whole numbers', { 'a.weight': { ...square(1), dtype: 'I32' } }, layers(2), 'has the type "I32"'],
    [
      'an unknown type',
      { 'a.weight': { ...square(1), dtype: 'F8_E4M3' } },
      layers(2),
      'has the type "F8_E4M3"',
    ],
    [
      'NaN',
      { 'a.weight': { shape: [2, 2], values: [1, Number.NaN, 1, 1] } },
      layers(2),
      '"a.weight" has NaN at place 1',
    ],
  ])('with %s is refused', (_, tensors, network, message) => {
    expect(() => importModel(safetensors(tensors), { network })).toThrow(message)
  })

  it('without a network lists its tensors', () => {
    expect(() => importModel(safetensors({ 'a.weight': square(1) }), {})).toThrow(
      'Its tensors are "a.weight" [2, 2].',
    )
  })

  it('with a number beyond float32 is refused', () => {
    const header = '{"a.weight":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]}}'
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(header.length))
    const file = Buffer.concat([length, Buffer.from(header), Buffer.from(Float64Array.of(1e39).buffer)])
    const network = networkSchema.parse({
      inputShape: [1],
      layers: [{ type: 'dense', units: 1, useBias: false }],
    })
    expect(() => importModel(file, { network })).toThrow('"a.weight" has Infinity')
  })

  it('with a negative variance is refused', () => {
    const ones = { shape: [2], values: [1, 1] }
    const file = safetensors({
      'n.weight': ones,
      'n.bias': ones,
      'n.running_mean': ones,
      'n.running_var': { shape: [2], values: [1, -1] },
    })
    const network = networkSchema.parse({ inputShape: [2], layers: [{ type: 'batchNormalization' }] })
    expect(() => importModel(file, { network })).toThrow('"n.running_var" has the variance -1 at place 1')
  })
})

describe('what raw rows mean', () => {
  const file = safetensors({ 'a.weight': square(1) })
  const network = layers(2)
  const coding = (fields: object) => importModel(file, { network, ...fields }).coding

  it('defaults to numbers as they are', () => {
    expect(coding({})).toEqual({
      features: ['x1', 'x2'].map((name) => ({ type: 'number', name, offset: 0, scale: 1 })),
      target: { type: 'number', names: ['y1', 'y2'] },
    })
  })

  it('takes names of columns, targets and classes', () => {
    expect(coding({ columns: ['a', 'b'], targets: ['kind'], classes: ['no', 'yes'] })).toEqual({
      features: ['a', 'b'].map((name) => ({ type: 'number', name, offset: 0, scale: 1 })),
      target: { type: 'oneHot', name: 'kind', classes: ['no', 'yes'] },
    })
  })

  const number = (name: string, scale = 1) => ({ type: 'number', name, offset: 0, scale })
  const target = { type: 'number', names: ['u', 'v'] }
  /** Two inputs: a column and its square. */
  const derived = (changes: object) => {
    const square = { type: 'square', of: ['a'], offset: 0, scale: 1, ...changes }
    return { coding: { features: [number('a')], derived: [square], target } }
  }

  it.each([
    [{ columns: ['a'] }, 'columns: has 1 names, but the network takes 2 numbers'],
    [{ targets: ['a'] }, 'targets: has 1 names, but the network has 2 outputs'],
    [{ classes: ['a', 'b', 'c'] }, 'classes: has 3 names, but the network has 2 outputs'],
    [{ coding: { features: [number('a')], target } }, 'coding: its features are 1 numbers'],
    [{ coding: { features: [number('a'), number('a ')], target } }, 'have "a " twice'],
    [{ coding: { features: [number('a'), number('b', 0)], target } }, 'a scale of "b" is 0'],
    [derived({ of: ['b'] }), '"b", of a derived feature, is not a number feature'],
    [derived({ type: 'product' }), 'a derived feature of the type product needs 2 in "of"'],
    [derived({ scale: 0 }), 'a scale of "a²" is 0'],
    [
      { coding: { features: [number('a'), number('b')], target: { type: 'number', names: ['u'] } } },
      'has 1 outputs',
    ],
    [{ loss: 'categoricalCrossentropy' }, 'loss: categoricalCrossentropy needs softmax in the last layer'],
  ])('refuses %j', (fields, message) => {
    expect(() => coding(fields)).toThrow(message)
  })

  it('does not guess how to read one linear output of two classes', () => {
    const single = safetensors({ 'a.weight': { shape: [1, 2], values: [1, 1] } })
    const fields = { network: layers(1), classes: ['no', 'yes'] }
    expect(() => importModel(single, fields)).toThrow('Send the field loss')
    expect(importModel(single, { ...fields, loss: 'hinge' }).loss).toBe('hinge')
  })
})
