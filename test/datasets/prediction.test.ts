import { describe, expect, test } from 'vitest'
import type { Coding } from '../../src/contract/dataset.js'
import { InputError } from '../../src/datasets/input-error.js'
import { decode } from '../../src/datasets/prediction.js'
import { encodeInputs, type InputRow } from '../../src/datasets/raw-rows.js'

const coding: Coding = {
  features: [
    { type: 'number', name: 'width', offset: 10, scale: 2 },
    { type: 'number', name: 'a/b~c', offset: 0, scale: 1e-3 },
  ],
  target: { type: 'oneHot', name: 'kind', classes: ['__proto__', 'pear', 'plum'] },
}
const binary: Coding = { ...coding, target: { type: 'binary', name: 'kind', classes: ['no', 'yes'] } }
const numeric: Coding = { ...coding, target: { type: 'number', names: ['y1', 'y2'] } }

describe('raw inputs', () => {
  test('by position and by name are scaled like the training rows', () => {
    const inputs = encodeInputs(coding, [[14, 0.001], { 'a/b~c': -0.002, width: 9 }])
    expect(inputs).toEqual(Float32Array.of(2, 1, -0.5, -2))
  })

  test('no rows have no numbers', () => {
    expect(encodeInputs(coding, [])).toEqual(new Float32Array(0))
  })

  test.each<[rows: InputRow[], pointer: string, message: RegExp]>([
    [[[1, 2], [1]], '/1', /^has 1 value, but the model takes 2 values: width, a\/b~c$/],
    [[[1, 2, 3]], '/0', /^has 3 values, but/],
    [
      [{ width: 1, depth: 2, 'a/b~c': 0 }],
      '/0/depth',
      /^"depth" is not an input; the inputs of this model are width, a\/b~c$/,
    ],
    [[{ width: 1, 'x/~': 2 }], '/0/x~1~0', /^"x\/~" is not an input/],
    [[{ 'a/b~c': 1 }], '/0', /^width is missing; the inputs of this model are/],
    [[JSON.parse('{"__proto__": 1, "width": 1, "a/b~c": 1}')], '/0/__proto__', /"__proto__" is not an input/],
    [[[1, Number.NaN]], '/0/1', /^a\/b~c: is not a finite number$/],
    [[{ width: Number.POSITIVE_INFINITY, 'a/b~c': 0 }], '/0/width', /^width: is not a finite number$/],
    [[[1, 2], { width: 1, 'a/b~c': 1e36 }], '/1/a~1b~0c', /^a\/b~c: 1e\+36 is too large for this model$/],
  ])('%j are refused', (rows, pointer, message) => {
    const attempt = () => encodeInputs(coding, rows)
    expect(attempt).toThrow(InputError)
    expect(attempt).toThrow(message)
    expect(attempt).toThrow(expect.objectContaining({ pointer }))
  })

  test('a column with the name of an Object property is still required', () => {
    const odd: Coding = {
      ...coding,
      features: [{ type: 'number', name: 'constructor', offset: 0, scale: 1 }],
    }
    expect(() => encodeInputs(odd, [{}])).toThrow('constructor is missing')
    expect(encodeInputs(odd, [{ constructor: 3 }])).toEqual(Float32Array.of(3))
  })
})

describe('outputs', () => {
  const softmax = { lastActivation: 'softmax', loss: 'categoricalCrossentropy' } as const
  const sigmoid = { lastActivation: 'sigmoid', loss: 'binaryCrossentropy' } as const

  test('of softmax are a label and probabilities, for any class names', () => {
    const { output, label, probabilities } = decode(coding, Float32Array.of(0.25, 0.5, 0.25), softmax)
    expect([output, label]).toEqual([[0.25, 0.5, 0.25], 'pear'])
    expect(JSON.stringify(probabilities)).toBe('{"__proto__":0.25,"pear":0.5,"plum":0.25}')
  })

  test('equal outputs go to the first class', () => {
    expect(decode(coding, [0.2, 0.4, 0.4], softmax).label).toBe('pear')
  })

  test('of other activations are a label alone', () => {
    const prediction = decode(coding, [-3, -2, -1], { lastActivation: 'linear', loss: 'squaredError' })
    expect(prediction).toEqual({ output: [-3, -2, -1], label: 'plum' })
  })

  test.each([
    [0.5, 'yes', { no: 0.5, yes: 0.5 }],
    [0.25, 'no', { no: 0.75, yes: 0.25 }],
    [1, 'yes', { no: 0, yes: 1 }],
  ])('a sigmoid of %d reads %s', (output, label, probabilities) => {
    expect(decode(binary, [output], sigmoid)).toEqual({ output: [output], label, probabilities })
  })

  test.each([
    [0, 'hinge', 'yes'],
    [-0.1, 'hinge', 'no'],
    [0.4, 'squaredError', 'no'],
    [0.5, 'squaredError', 'yes'],
  ] as const)('a linear output of %d under %s reads %s', (output, loss, label) => {
    expect(decode(binary, [output], { lastActivation: 'linear', loss })).toEqual({ output: [output], label })
  })

  test('of a number target are only numbers', () => {
    expect(decode(numeric, [1, 2], softmax)).toEqual({ output: [1, 2] })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('%d is never returned', (wrong) => {
    expect(() => decode(numeric, [0, wrong], softmax)).toThrow(InputError)
    expect(() => decode(binary, [wrong], sigmoid)).toThrow(InputError)
  })

  test('many classes are supported', () => {
    const classes = Array.from({ length: 300_000 }, (_, index) => String(index))
    const many: Coding = { ...coding, target: { type: 'oneHot', name: 'kind', classes } }
    const output = new Float32Array(classes.length)
    output[299_998] = 1
    expect(decode(many, output, { lastActivation: 'linear', loss: 'squaredError' }).label).toBe('299998')
  })
})
