/** Shapes that cover every path of matrix products and convolutions, on both builds, against the reference. */
import { describe, expect, test } from 'vitest'
import type { Backend, Position } from '../../../src/engine/kernels/backend.js'
import { referenceBackend } from '../../../src/engine/kernels/reference/backend.js'
import { createWasmBackend } from '../../../src/engine/kernels/wasm/backend.js'
import { compileVariant, unavailableReason, type Variant } from '../../../src/engine/kernels/wasm/module.js'
import { isNarrow } from '../../../src/engine/kernels/wasm/narrow.js'
import { initializeWeights } from '../../../src/engine/weights.js'
import { firstDifference } from '../../conformance/engine/cases.js'
import { type SpecInput, type TrainingCase, trainingCase } from '../../support/training-case.js'

const reason = unavailableReason()
if (reason !== null) console.warn(`The WASM kernels are not tested: ${reason}`)

/** Guard bytes after the arena and the workspace. */
const guardBytes = 4096
const guard = 0x5a5a5a5a

/** Runs one step. @returns the arena's floats, and whether the guards are intact. */
function oneStep(
  backend: Backend,
  { program, dataset }: TrainingCase,
): { floats: Float32Array; guarded: boolean } {
  const data = dataset()
  const { memory } = data
  const order = memory.reserve(4 * program.data.trainingRows)
  const arena = memory.reserve(4 * program.floats + guardBytes)
  const workspaceBytes = Math.ceil(backend.workspaceBytes(program) / 64) * 64
  const workspace = memory.reserve(workspaceBytes + guardBytes)
  const guards = [arena + 4 * program.floats, workspace + workspaceBytes].map((address) =>
    memory.int32(address, guardBytes / 4).fill(guard),
  )
  const floats = memory.float32(arena, program.floats)
  initializeWeights(program, floats, 3)
  const executor = backend.trainer({
    program,
    memory,
    arena,
    order,
    workspace,
    data: data.layout,
    seed: 3,
    threads: 1,
  })
  const position: Position = { epoch: 0, step: 0, lossSum: 0, right: 0 }
  const end = executor.run({
    position,
    epochs: 1,
    steps: 1,
    learningRates: Float64Array.of(0.01),
    metrics: new Float64Array(4),
    stop: null,
  })
  expect(end.reason).toBe('epochs')
  return {
    floats: new Float32Array(floats),
    guarded: guards.every((words) => words.every((word) => word === guard)),
  }
}

function expectAgreement(variant: Variant, input: SpecInput, rows: number): void {
  const work = trainingCase(
    { optimizer: { type: 'sgd', momentum: 0.9 }, ...input, batchSize: rows, sampling: 'sequential' },
    rows,
  )
  const expected = oneStep(referenceBackend, work)
  const actual = oneStep(
    createWasmBackend(() => ({ variant, module: compileVariant(variant) })),
    work,
  )
  expect(actual.guarded).toBe(true)
  for (const { name, kind, offset, length, spans, perRow } of work.program.buffers) {
    if (spans !== undefined || kind === 'scratch') continue
    const rowMajor = expected.floats.subarray(offset, offset + length)
    const values = perRow && isNarrow(work.program) ? byColumns(rowMajor, rows) : rowMajor
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const tolerance = { relative: 0, absolute: 1e-6 + 5e-5 * largest }
    expect(
      firstDifference(actual.floats.subarray(offset, offset + length), values, tolerance),
      name,
    ).toBeNull()
  }
}

/** Transposes [rows, width] to [width, rows]. */
function byColumns(values: Float32Array, rows: number): Float32Array {
  const width = values.length / rows
  return values.map((_, i) => values[(i % rows) * width + Math.floor(i / rows)] ?? Number.NaN)
}

type Layers = SpecInput['network']['layers']

/** Layers of up to eight units, whose batches of four rows are stored transposed, one row per lane. */
const narrow: readonly (Omit<SpecInput, 'network' | 'epochs'> & { inputs: number; layers: Layers })[] = [
  {
    inputs: 2,
    layers: [
      { type: 'dense', units: 4, activation: 'sigmoid' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
    loss: 'squaredError',
  },
  {
    inputs: 7,
    layers: [
      { type: 'dense', units: 8, activation: 'gelu' },
      { type: 'dense', units: 5, activation: 'sigmoid', useBias: false },
      { type: 'dense', units: 3, activation: 'tanh' },
    ],
    loss: 'meanAbsoluteError',
    optimizer: { type: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  },
  {
    inputs: 3,
    layers: [
      { type: 'dense', units: 6, activation: 'relu' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam' },
  },
  {
    inputs: 1,
    layers: [{ type: 'dense', units: 1, activation: 'step' }],
    loss: 'perceptron',
    optimizer: { type: 'sgd' },
  },
  {
    inputs: 5,
    layers: [
      { type: 'dense', units: 7, activation: 'sigmoid' },
      { type: 'dense', units: 2, activation: 'linear' },
    ],
    loss: 'huber',
    clipNorm: 0.01,
  },
  {
    inputs: 3,
    layers: [
      { type: 'dense', units: 5, activation: 'tanh' },
      { type: 'dense', units: 2, activation: 'linear' },
    ],
    loss: 'huber',
    optimizer: { type: 'sgd', momentum: 0.9, weightDecay: 0.01 },
    l1: 0.01,
  },
]

/** [rows, inputs, units]: single rows and columns, odd remainders, dot products, packed B, packed A, several panels deep. */
const products: readonly [number, number, number][] = [
  [1, 1, 1],
  [1, 40, 21],
  [2, 37, 9],
  [3, 5, 4],
  [4, 2, 4],
  [5, 97, 1],
  [7, 100, 8],
  [9, 130, 11],
  [17, 31, 13],
  [33, 96, 10],
  [47, 99, 6],
  [48, 96, 24],
  [50, 3, 2],
  [65, 17, 70],
  [130, 70, 67],
  [20, 600, 19],
  [60, 530, 9],
]

interface Convolution {
  readonly inputShape: [number, number, number]
  readonly filters: number
  readonly kernelSize: [number, number]
  readonly strides: [number, number]
  readonly padding: 'valid' | 'same'
}

const convolutions: readonly Convolution[] = [
  { inputShape: [1, 12, 12], filters: 8, kernelSize: [5, 5], strides: [1, 1], padding: 'valid' },
  { inputShape: [5, 9, 11], filters: 7, kernelSize: [3, 3], strides: [1, 1], padding: 'same' },
  { inputShape: [3, 10, 13], filters: 5, kernelSize: [3, 4], strides: [2, 3], padding: 'valid' },
  { inputShape: [6, 7, 19], filters: 13, kernelSize: [2, 5], strides: [3, 2], padding: 'same' },
  { inputShape: [4, 5, 5], filters: 6, kernelSize: [5, 5], strides: [1, 1], padding: 'valid' },
  { inputShape: [7, 6, 9], filters: 3, kernelSize: [1, 1], strides: [1, 1], padding: 'valid' },
  { inputShape: [2, 8, 8], filters: 1, kernelSize: [1, 1], strides: [2, 2], padding: 'same' },
  { inputShape: [1, 1, 40], filters: 16, kernelSize: [1, 7], strides: [1, 1], padding: 'valid' },
  { inputShape: [16, 1, 22], filters: 9, kernelSize: [1, 3], strides: [1, 4], padding: 'same' },
]

describe.skipIf(reason !== null).each<Variant>(['plain', 'relaxed'])('kernels of the %s build', (variant) => {
  test.each(products)('dense: %i rows, %i inputs, %i units', (rows, inputs, units) => {
    const layers: SpecInput['network']['layers'] = [
      { type: 'dense', units: inputs, activation: 'tanh' },
      { type: 'dense', units, activation: 'linear' },
    ]
    expectAgreement(
      variant,
      { network: { inputShape: [inputs], layers }, loss: 'meanSquaredError', epochs: 1 },
      rows,
    )
  })

  test.each(narrow)('narrow: $inputs inputs, $loss', ({ inputs, layers, ...rest }) => {
    const input = { network: { inputShape: [inputs], layers }, epochs: 1, ...rest }
    expect(isNarrow(trainingCase({ ...input, batchSize: 4 }, 4).program)).toBe(true)
    expectAgreement(variant, input, 4)
  })

  test.each(convolutions)('convolution: $inputShape, $filters × $kernelSize, $strides, $padding', (sizes) => {
    const { inputShape, filters, kernelSize, strides, padding } = sizes
    const layers: SpecInput['network']['layers'] = [
      { type: 'activation', activation: 'tanh' },
      { type: 'conv2d', filters: inputShape[0], kernelSize: 1, activation: 'sigmoid' },
      { type: 'conv2d', filters, kernelSize, strides, padding, activation: 'gelu' },
      { type: 'flatten' },
      { type: 'dense', units: 2, activation: 'softmax' },
    ]
    expectAgreement(
      variant,
      { network: { inputShape, layers }, loss: 'categoricalCrossentropy', epochs: 1 },
      5,
    )
  })

  test.each([
    ['maxPooling2d', [2, 2], [2, 2]],
    ['maxPooling2d', [3, 2], [1, 2]],
    ['maxPooling2d', [2, 2], [3, 2]],
    ['averagePooling2d', [3, 3], [2, 1]],
  ] as const)('%s %j at strides %j', (type, poolSize, strides) => {
    const layers: SpecInput['network']['layers'] = [
      { type: 'conv2d', filters: 3, kernelSize: 2, activation: 'relu' },
      { type, poolSize: [...poolSize], strides: [...strides] },
      { type: 'flatten' },
      { type: 'dense', units: 3, activation: 'linear' },
    ]
    expectAgreement(variant, { network: { inputShape: [2, 12, 14], layers }, loss: 'huber', epochs: 1 }, 3)
  })
})
