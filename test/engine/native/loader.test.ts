/** The addon rejects invalid programs and never accesses memory outside the arena. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elementCount } from '../../../src/engine/arena.js'
import { encode } from '../../../src/engine/encoding.js'
import { loadAddon, unavailableReason } from '../../../src/engine/kernels/native/addon.js'
import { SharedMemory } from '../../../src/engine/memory.js'
import type { Program } from '../../../src/engine/program.js'
import { type SpecInput, trainingCase, weightsFor } from '../../support/training-case.js'

const reason = unavailableReason()
if (reason !== null) console.warn(`The loader of programs is not tested: ${reason}`)

const spec: SpecInput = {
  network: {
    inputShape: [2, 9],
    layers: [
      { type: 'conv1d', filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'gelu' },
      { type: 'batchNormalization' },
      { type: 'maxPooling1d' },
      { type: 'locallyConnected1d', filters: 2, kernelSize: 2 },
      { type: 'flatten' },
      { type: 'dropout', rate: 0.3 },
      { type: 'dense', units: 3, activation: 'softmax' },
    ],
  },
  loss: 'categoricalCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.01 },
  epochs: 1,
  batchSize: 4,
  clipNorm: 1,
}
const { program } = trainingCase(spec, 8)
const words = encode(program)

/** A program with weighted rows, weight decay and L1 regularization. */
const weighted = trainingCase(
  { ...spec, optimizer: { type: 'adagrad', weightDecay: 0.1 }, l1: 0.01 },
  8,
  0,
  weightsFor(8),
).program
const weightedWords = encode(weighted)

/** Guards with a known pattern before and after the arena. */
const guard = 4096
const pattern = 12345.678

function runs(candidate: Int32Array, { floats, data }: Program = program): boolean {
  const { addon, variant } = loadAddon()
  const memory = SharedMemory.create(4 * (floats + 2 * guard))
  const start = memory.reserve(4 * (floats + 2 * guard))
  const all = memory.float32(start, floats + 2 * guard).fill(pattern)
  const arena = memory.float32(start + 4 * guard, floats).fill(0.5)
  const shared = (length: number) => new Float32Array(new SharedArrayBuffer(4 * length)).fill(0.25)
  try {
    const handle = addon.trainer(
      variant,
      candidate,
      arena,
      new Int32Array(new SharedArrayBuffer(32)),
      shared(8 * 18),
      shared(8 * (data.weighted ? 4 : 3)),
      shared(0),
      shared(0),
      Float64Array.of(8, 0, 1, 1, 2, 3, 4, 1, 2 ** 40),
    )
    addon.run(
      handle,
      new Float64Array([0, 0, 0, 0, 1, 3, 0]),
      Float64Array.of(0.01),
      new Float64Array(4),
      null,
    )
    return true
  } catch {
    return false
  } finally {
    const edges = [...all.subarray(0, guard), ...all.subarray(guard + floats)]
    expect(edges.every((value) => value === Math.fround(pattern))).toBe(true)
  }
}

function changed(changes: readonly (readonly [number, number])[], of = words): Int32Array {
  const copy = of.slice()
  for (const [at, value] of changes) copy[at % copy.length] = value
  return copy
}

describe.skipIf(reason !== null)('the addon’s loader', () => {
  test('accepts a valid program', () => {
    expect(runs(words)).toBe(true)
  })

  test.each([
    ['another format', 0, 2],
    ['no rows', 1, 0],
    ['more rows than fit in the arena', 1, 5_000],
    ['wider inputs', 2, 1 << 20],
    ['an input outside', 5, program.floats],
    ['an input before the arena', 5, -16],
    ['an unaligned target', 6, 17],
    ['another arena', 8, program.floats + 16],
    ['a list before the first', 9, 0],
    ['a list beyond the end', 13, words.length + 1],
    ['an unknown operation', 16, 99],
    ['an operation longer than its list', 17, 1 << 30],
    ['an operation of no words', 17, 0],
    ['an operand outside', 18, program.floats],
    ['a negative operand', 18, -2],
  ])('refuses %s', (_, at, value) => {
    expect(runs(changed([[at, value]]))).toBe(false)
  })

  test('rejects every truncated program', () => {
    for (let length = 0; length < words.length; length++) expect(runs(words.slice(0, length))).toBe(false)
  })

  test('stays inside the arena for any changed words', () => {
    let refused = 0
    let ran = 0
    const value = fc.oneof(
      fc.integer(),
      fc.integer({ min: -20, max: 40 }),
      fc.integer({ min: 0, max: program.floats / 16 }).map((line) => line * 16),
      fc.constantFrom(0x7fff_ffff, -0x8000_0000, 0x7ff0_0000, 1 << 29, 1 << 16),
    )
    const change = fc.tuple(fc.integer({ min: 0, max: words.length - 1 }), value)
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        if (runs(changed(changes))) ran++
        else refused++
      }),
      { numRuns: 1000 },
    )
    expect(refused).toBeGreaterThan(200)
    expect(ran).toBeGreaterThan(20)
  })

  test('accepts weighted rows only if the target has room for the weights', () => {
    expect(runs(weightedWords, weighted)).toBe(true)
    // [30, words, output, target, gradient, outputs, width, …]: the width is the outputs and the weight.
    const at = weightedWords.findIndex(
      (word, i) => word === 30 && weightedWords[i + 5] === 3 && weightedWords[i + 6] === 4,
    )
    expect(at).toBeGreaterThan(0)
    for (const width of [0, 2, 3, 5]) {
      expect(runs(changed([[at + 6, width]], weightedWords), weighted)).toBe(false)
    }
  })

  test('stays inside the arena for any changed words of a program with weighted rows', () => {
    const value = fc.oneof(
      fc.integer({ min: -20, max: 40 }),
      fc.integer({ min: 0, max: weighted.floats / 16 }).map((line) => line * 16),
    )
    const change = fc.tuple(fc.integer({ min: 0, max: weightedWords.length - 1 }), value)
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        runs(changed(changes, weightedWords), weighted)
      }),
      { numRuns: 500 },
    )
  })

  test('rejects invalid objects, arrays and numbers', () => {
    const { addon, variant } = loadAddon()
    const control = new Float64Array(7)
    expect(() => addon.run({}, control, control, control, null)).toThrow('an object of this addon')
    const features = elementCount(program.network.inputShape ?? [])
    const width = elementCount(program.outputShape)
    const rows = (count: number) => new Float32Array(count)
    expect(() => addon.predict({}, rows(features), rows(width))).toThrow('an object of this addon')
    const arena = new Float32Array(program.floats)
    const predictor = addon.predictor(variant, words, arena, 1)
    expect(() => addon.predict(predictor, rows(features + 1), rows(width))).toThrow('the same number of rows')
    expect(() => addon.predict(predictor, rows(3 * features), rows(2 * width))).toThrow(
      'the same number of rows',
    )
    expect(() => addon.run(predictor, control, control, control, null)).toThrow('an object of this addon')
    expect(() => addon.predictor(variant, words, arena, 0)).toThrow('out of range')
    for (const count of [0, 1, 4, 9]) addon.predict(predictor, rows(count * features), rows(count * width))
  })
})
