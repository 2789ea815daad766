/** Properties of all programs: a spec compiles or is rejected, and its program validates, prints and encodes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elementCount } from '../../src/engine/arena.js'
import { encode } from '../../src/engine/encoding.js'
import { SpecError } from '../../src/engine/index.js'
import { findDeclaration } from '../../src/engine/operations.js'
import { printProgram } from '../../src/engine/print-program.js'
import { listNames, type Program } from '../../src/engine/program.js'
import { validateProgram } from '../../src/engine/validate-program.js'
import { randomTrainings } from '../support/random-training.js'
import { trainingCase } from '../support/training-case.js'

/** Compiles a spec; null if the layers do not fit together. */
function compiled(random: Parameters<typeof trainingCase>): Program | null {
  try {
    return trainingCase(...random).program
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    expect(error.pointer).toMatch(/^\/(network|batchSize)/)
    expect(error.message).toMatch(/layers\[\d+\]|batch/)
    return null
  }
}

describe('random programs', () => {
  test('validate, print and encode', () => {
    let programs = 0
    fc.assert(
      fc.property(randomTrainings, ({ spec, rows, validationRows, weights }) => {
        const program = compiled([spec, rows, validationRows, weights])
        if (program === null) return
        programs++
        validateProgram(program)
        const text = printProgram(program)
        for (const { name } of program.buffers) expect(text).toContain(name)
        expect(text).not.toContain('undefined')
        checkEncoding(program)
        checkShapes(program)
      }),
      { numRuns: 300 },
    )
    expect(programs).toBeGreaterThan(150)
  })
})

function checkShapes(program: Program): void {
  program.layers.forEach((layer, i) => {
    expect(layer.inputShape).toEqual(program.layers[i - 1]?.outputShape ?? program.network.inputShape)
  })
  expect(program.layers.at(-1)?.outputShape).toEqual(program.outputShape)
  const trainable = program.tensors.filter(({ gradient }) => gradient !== null)
  expect(program.parameters).toBe(trainable.reduce((sum, { shape }) => sum + elementCount(shape), 0))
  expect(program.parameters).toBe(program.layers.reduce((sum, layer) => sum + layer.parameters, 0))
  const end = Math.max(...program.buffers.map(({ offset, length }) => offset + length))
  expect(program.floats).toBeGreaterThanOrEqual(end)
  expect(program.arenaBytes).toBeGreaterThan(4 * program.floats)
  expect(program.flopsPerEpoch).toBeGreaterThan(2 * program.parameters)
}

/** Walks the encoded words: length and code of every operation, start and end of every list. */
function checkEncoding(program: Program): void {
  const words = encode(program)
  expect(words[0]).toBe(1)
  expect(words[1]).toBe(program.capacity)
  let position = 16
  listNames.forEach((name, list) => {
    expect(words[9 + list]).toBe(position)
    for (const operation of program.lists[name]) {
      const { code, operands, attributes } = findDeclaration(operation.op)
      const reals = Object.values(attributes).filter((type) => type === 'real' || type === 'fraction').length
      const length = 2 + Object.keys(operands).length + Object.keys(attributes).length + reals
      expect([words[position], words[position + 1]]).toEqual([code, length])
      position += length
    }
  })
  expect(words[14]).toBe(position)
  expect(words.length).toBe(position)
}

const layers = [
  { type: 'dense', units: 4, activation: 'gelu' },
  { type: 'dense', units: 3, activation: 'softmax' },
] as const

describe('encoding', () => {
  test('stores offsets, sizes, codes and reals as the format specifies', () => {
    const optimizer = { type: 'rmsprop', learningRate: 0.1, rho: 0.95, epsilon: 1e-7 } as const
    const network = { inputShape: [5], layers: [...layers] }
    const { program } = trainingCase(
      { network, loss: 'categoricalCrossentropy', optimizer, epochs: 1, batchSize: 2 },
      7,
      1,
    )
    const words = encode(program)
    const named = (name: string) => program.buffers.find((buffer) => buffer.name === name)?.offset
    expect([...words.subarray(0, 9)]).toEqual([
      1,
      2,
      5,
      3,
      3,
      named('input'),
      named('target'),
      named('output'),
      program.floats,
    ])
    expect(words[15]).toBe(1)
    expect([...words.subarray(16, 26)]).toEqual([
      1,
      10,
      named('input'),
      named('layers.0.weight'),
      named('layers.0.bias'),
      named('layers.0.output'),
      named('layers.0.preActivation'),
      5,
      4,
      7,
    ])
    const update = words.subarray(words[11], words[12])
    const view = new DataView(Float64Array.from([0.95, 1e-7]).buffer)
    const reals = [0, 4, 8, 12].map((byte) => view.getInt32(byte, true))
    const count = program.buffers.find((buffer) => buffer.name === 'parameters')?.length
    expect([...update]).toEqual([
      27,
      10,
      named('parameters'),
      named('gradients'),
      named('optimizer.meanSquare'),
      count,
      ...reals,
    ])
  })

  test('codes are unique', () => {
    const { program } = trainingCase(
      { network: { inputShape: [2], layers: [...layers] }, loss: 'categoricalCrossentropy', epochs: 1 },
      4,
    )
    const codes = listNames.flatMap((list) =>
      program.lists[list].map(({ op }) => `${op} ${findDeclaration(op).code}`),
    )
    expect(new Set(codes.map((text) => text.split(' ')[1])).size).toBe(new Set(codes).size)
  })
})

describe('the first layer', () => {
  test('does not compute the gradient of its input', () => {
    const { program } = trainingCase(
      { network: { inputShape: [5], layers: [...layers] }, loss: 'categoricalCrossentropy', epochs: 1 },
      4,
    )
    const backward = program.lists.backward.map(({ op }) => op)
    expect(backward).toEqual([
      'loss',
      'denseBackwardWeights',
      'denseBackwardInput',
      'activationBackward',
      'denseBackwardWeights',
    ])
  })
})

describe('an invalid program is rejected', () => {
  const { program } = trainingCase(
    { network: { inputShape: [5], layers: [...layers] }, loss: 'categoricalCrossentropy', epochs: 1 },
    4,
  )
  const buffer = (name: string) => program.buffers.findIndex((candidate) => candidate.name === name)
  const changed = (name: string, change: Partial<Program['buffers'][number]>): Program => ({
    ...program,
    buffers: program.buffers.map((old) => (old.name === name ? { ...old, ...change } : old)),
  })

  test('the compiled program is valid', () => {
    expect(() => validateProgram(program)).not.toThrow()
  })

  test.each<[string, Program, RegExp]>([
    ['an unaligned buffer', changed('input', { offset: 3 }), /input has offset 3/],
    ['a buffer beyond the arena', changed('output', { offset: program.floats }), /output exceeds the arena/],
    [
      'buffers that overlap',
      changed('target', { offset: 0 }),
      /input and target overlap|target and input overlap/,
    ],
    [
      'a length that does not match the shape',
      changed('output', { shape: [2] }),
      /output has .* not match its shape/,
    ],
  ])('%s', (_, broken, message) => {
    expect(() => validateProgram(broken)).toThrow(message)
  })

  test('an operand of the wrong size', () => {
    const [first, ...rest] = program.lists.forward
    if (first?.op !== 'denseForward') throw new Error('the first operation is dense')
    const broken = { ...first, attributes: { ...first.attributes, units: 5 } }
    const lists = { ...program.lists, forward: [broken, ...rest] }
    expect(() => validateProgram({ ...program, lists })).toThrow(
      /weight needs 25 values, but layers.0.weight is \[4, 5\]/,
    )
  })

  test('a missing operand, a missing buffer, an attribute that is not a number', () => {
    const [first, ...rest] = program.lists.forward
    if (first?.op !== 'denseForward') throw new Error('the first operation is dense')
    const withFirst = (operation: typeof first): Program => ({
      ...program,
      lists: { ...program.lists, forward: [operation, ...rest] },
    })
    const { operands, attributes } = first
    expect(() => validateProgram(withFirst({ ...first, operands: { ...operands, x: 999 } }))).toThrow(
      /no buffer 999/,
    )
    expect(() =>
      validateProgram(withFirst({ ...first, attributes: { ...attributes, units: Number.NaN } })),
    ).toThrow(/units = NaN/)
  })

  test('a value read before it is written', () => {
    const forward = program.lists.forward.toReversed()
    expect(() => validateProgram({ ...program, lists: { ...program.lists, forward } })).toThrow(
      /operation 0 .* reads layers.0.output before it is written/,
    )
  })

  test('an output that no operation writes', () => {
    expect(() => validateProgram({ ...program, output: buffer('input') })).toThrow(/writes the output/)
  })
})
