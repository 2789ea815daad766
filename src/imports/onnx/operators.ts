/** Operators that become layers. Shapes are those of one row, with channels first. */
import type { Layer } from '../../contract/network.js'
import type { NetworkBuilder, Weight } from './network-builder.js'
import { weightShape } from './network-builder.js'
import type { OnnxNode } from './node.js'
import { shortest } from './node.js'

/** What a layer reads beside the value before it. */
export interface OperatorContext {
  opset: number
  builder: NetworkBuilder
  /** The constant weight of an input, or undefined if the input is absent. @throws Problem if it is something else */
  weight(node: OnnxNode, input: number): Weight | undefined
  /** The one number of a constant input. */
  scalar(node: OnnxNode, input: number): number | undefined
  /** The whole numbers of a constant input, or undefined if they are unknown. */
  integers(node: OnnxNode, input: number): number[] | undefined
}

type Handler = (node: OnnxNode, context: OperatorContext) => void

const activations = {
  Relu: 'relu',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Softplus: 'softplus',
} as const

export const operators: Readonly<Record<string, Handler>> = {
  ...Object.fromEntries(
    Object.entries(activations).map(([operator, activation]): [string, Handler] => [
      operator,
      (node, { builder }) => builder.activate(node, activation),
    ]),
  ),
  LeakyRelu(node, { builder }) {
    requireAlpha(node, 0.01)
    builder.activate(node, 'leakyRelu')
  },
  Elu(node, { builder }) {
    requireAlpha(node, 1)
    builder.activate(node, 'elu')
  },
  Gelu(node, { builder }) {
    const approximation = node.text('approximate', 'none')
    if (approximation !== 'none')
      throw node.refuse(`its approximation is "${approximation}"; only the exact one is supported`)
    builder.activate(node, 'gelu')
  },
  Softmax(node, { builder, opset }) {
    const axis = node.int('axis', opset < 13 ? 1 : -1)
    const sides = builder.shape.length
    if (sides !== 1 || (axis !== 1 && axis !== -1)) {
      throw node.refuse(`its axis is ${axis} of ${sides + 1}; supported is the last axis of [N, classes]`)
    }
    builder.activate(node, 'softmax')
  },
  Gemm: addGemm,
  MatMul(node, context) {
    const weight = requireWeight(node, context, 1)
    addDense(node, context, { tensor: weight.tensor, transposed: !weight.transposed }, undefined)
  },
  Conv: addConvolution,
  BatchNormalization: addBatchNormalization,
  MaxPool: (node, context) => addPooling(node, context, 'max'),
  AveragePool: (node, context) => addPooling(node, context, 'average'),
  GlobalAveragePool: (node, { builder }) => addGlobalPooling(node, builder, true),
  ReduceMean(node, context) {
    const { builder } = context
    const axes = context.opset < 18 ? node.ints('axes') : context.integers(node, 1)
    const all = builder.shape.slice(1).map((_, index) => index + 2)
    const given = axes
      ?.map((axis) => (axis < 0 ? axis + builder.shape.length + 1 : axis))
      .toSorted((a, b) => a - b)
    if (given === undefined || all.length === 0 || given.join() !== all.join()) {
      throw node.refuse(
        `its axes are ${axes?.join(', ') ?? 'not constant'}; supported are all axes after the channels`,
      )
    }
    addGlobalPooling(node, builder, node.int('keepdims', 1) === 1)
  },
  Dropout(node, context) {
    const rate = context.opset < 12 ? node.float('ratio', 0.5) : shortest(context.scalar(node, 1) ?? 0.5)
    if (!(rate >= 0 && rate < 1)) throw node.refuse(`its ratio is ${rate}; supported are 0 to below 1`)
    if (rate > 0) context.builder.add(node, { type: 'dropout', rate })
  },
}

function requireAlpha(node: OnnxNode, only: number): void {
  // 0.01 is the default of LeakyRelu, and 1 that of Elu.
  const alpha = node.float('alpha', only)
  if (alpha !== only) throw node.refuse(`its alpha is ${alpha}; only ${only} is supported`)
}

function requireWeight(node: OnnxNode, context: OperatorContext, input: number): Weight {
  const weight = context.weight(node, input)
  if (weight === undefined) throw node.refuse(`its input ${input} is absent`)
  return weight
}

function addGemm(node: OnnxNode, context: OperatorContext): void {
  for (const [name, only] of [
    ['alpha', 1],
    ['beta', 1],
    ['transA', 0],
  ] as const) {
    const value = name === 'transA' ? node.int(name, only) : node.float(name, only)
    if (value !== only) throw node.refuse(`its ${name} is ${value}; only ${only} is supported`)
  }
  const { tensor, transposed } = requireWeight(node, context, 1)
  const isTransposed = node.int('transB', 0) === 1 ? transposed : !transposed
  addDense(node, context, { tensor, transposed: isTransposed }, context.weight(node, 2))
}

/** @param weight [units, inputs] as it is used */
function addDense(
  node: OnnxNode,
  { builder }: OperatorContext,
  weight: Weight,
  bias: Weight | undefined,
): void {
  const shape = weightShape(weight)
  const [units = 0, inputs = 0] = shape
  if (shape.length !== 2 || builder.shape.length !== 1 || builder.shape[0] !== inputs) {
    throw node.refuse(
      `it multiplies [N, ${builder.shape.join(', ')}] by a weight of ${inputs} inputs and ${units} units (${shape.length} sides)`,
    )
  }
  requireSize(node, 'bias', bias, units)
  builder.add(node, { type: 'dense', units, ...plain(bias) }, { weight, bias })
}

const plain = (bias: Weight | undefined) => ({ activation: 'linear' as const, useBias: bias !== undefined })

function requireSize(node: OnnxNode, what: string, weight: Weight | undefined, size: number): void {
  if (weight === undefined) return
  const { shape } = weight.tensor
  if (shape.reduce((product, side) => product * side, 1) !== size || shape.at(-1) !== size) {
    throw node.refuse(`its ${what} has the shape [${shape.join(', ')}]; needed is [${size}]`)
  }
}

function addConvolution(node: OnnxNode, context: OperatorContext): void {
  const { builder } = context
  const weight = requireWeight(node, context, 1)
  const [filters = 0, channels = 0, ...kernel] = weight.tensor.shape
  const [inputs, ...sides] = builder.shape
  const axes = kernel.length
  if ((axes !== 1 && axes !== 2) || sides.length !== axes || weight.transposed) {
    throw node.refuse(
      `it has a kernel of ${axes} sides over ${sides.length}; supported are convolutions over one or two sides`,
    )
  }
  const group = node.int('group', 1)
  if (group !== 1) throw node.refuse(`it has ${group} groups; only 1 is supported`)
  if (channels !== inputs) throw node.refuse(`its weight has ${channels} channels, and its input ${inputs}`)
  requireOnes(node, 'dilations')
  const bias = context.weight(node, 2)
  requireSize(node, 'bias', bias, filters)
  const strides = node.ints('strides') ?? sides.map(() => 1)
  requireSizes(node, 'strides', strides, axes)
  const padding = findPadding(node, { sides, kernel, strides })
  const shared = { filters, padding, ...plain(bias) }
  const layer: Layer =
    axes === 1
      ? { type: 'conv1d', kernelSize: kernel[0], strides: strides[0], ...shared }
      : { type: 'conv2d', kernelSize: oneOrTwo(kernel), strides: oneOrTwo(strides), ...shared }
  builder.add(node, layer, { weight, bias })
}

const oneOrTwo = ([height, width]: readonly number[]): number | [number, number] =>
  height === width ? height : [height, width]

function requireOnes(node: OnnxNode, name: string): void {
  const values = node.ints(name) ?? []
  if (values.some((value) => value !== 1))
    throw node.refuse(`its ${name} are ${values.join(', ')}; only 1 is supported`)
}

function requireSizes(node: OnnxNode, name: string, values: readonly number[], axes: number): void {
  if (values.length === axes && values.every((value) => Number.isSafeInteger(value) && value > 0)) return
  throw node.refuse(`its ${name} are ${values.join(', ')}; needed are ${axes} whole numbers from 1`)
}

interface Windows {
  sides: readonly number[]
  kernel: readonly number[]
  strides: readonly number[]
}

/**
 * The padding of a layer with the same windows. Zeros after the last window are never read, so only the zeros before the
 * first and the number of windows count.
 */
function findPadding(node: OnnxNode, windows: Windows): 'valid' | 'same' {
  const { sides, kernel, strides } = windows
  const automatic = node.text('auto_pad', 'NOTSET')
  if (automatic === 'VALID') return 'valid'
  if (automatic === 'SAME_UPPER') return 'same'
  if (automatic !== 'NOTSET')
    throw node.refuse(`its auto_pad is ${automatic}; supported are SAME_UPPER and VALID`)
  const pads = readPads(node, sides.length)
  const counts = sides.map((side, axis) =>
    Math.floor((side + pads.before[axis] + pads.after[axis] - kernel[axis]) / strides[axis] + 1),
  )
  const isValid = sides.every((side, axis) => {
    return pads.before[axis] === 0 && counts[axis] === Math.floor((side - kernel[axis]) / strides[axis] + 1)
  })
  if (isValid) return 'valid'
  const isSame = sides.every((side, axis) => {
    const count = Math.ceil(side / strides[axis])
    const zeros = Math.max(0, (count - 1) * strides[axis] + kernel[axis] - side)
    return counts[axis] === count && pads.before[axis] === Math.floor(zeros / 2)
  })
  if (isSame) return 'same'
  throw node.refuse(
    `its pads are ${[...pads.before, ...pads.after].join(', ')}; layers here have no padding, or as many zeros as keep ⌈side / ` +
      'stride⌉ windows, the odd one at the end',
  )
}

function readPads(node: OnnxNode, axes: number): { before: number[]; after: number[] } {
  const pads = node.ints('pads') ?? Array(2 * axes).fill(0)
  if (pads.length !== 2 * axes || pads.some((pad) => !(pad >= 0 && pad < 2 ** 31))) {
    throw node.refuse(`its pads are ${pads.join(', ')}; needed are ${2 * axes} whole numbers from 0`)
  }
  return { before: pads.slice(0, axes), after: pads.slice(axes) }
}

function addBatchNormalization(node: OnnxNode, context: OperatorContext): void {
  const { builder } = context
  if (node.int('training_mode', 0) !== 0) {
    throw node.refuse('it is in training mode; call model.eval() before the export')
  }
  const [channels = 0] = builder.shape
  const [weight, bias, runningMean, runningVar] = [1, 2, 3, 4].map((input) =>
    requireWeight(node, context, input),
  )
  for (const each of [weight, bias, runningMean, runningVar]) requireSize(node, 'tensor', each, channels)
  const momentum = node.float('momentum', 0.9)
  const epsilon = node.float('epsilon', 1e-5)
  if (!(momentum >= 0 && momentum <= 1 && epsilon > 0)) {
    throw node.refuse(
      `its momentum is ${momentum} and its epsilon ${epsilon}; needed are 0 to 1, and more than 0`,
    )
  }
  builder.add(
    node,
    { type: 'batchNormalization', momentum, epsilon },
    { weight, bias, runningMean, runningVar },
  )
}

function addPooling(node: OnnxNode, { builder }: OperatorContext, kind: 'max' | 'average'): void {
  const [, ...sides] = builder.shape
  const axes = sides.length
  const kernel = node.ints('kernel_shape') ?? []
  if (axes !== 1 && axes !== 2)
    throw node.refuse(`its input has ${axes} sides after the channels; supported are 1 and 2`)
  requireSizes(node, 'kernel_shape', kernel, axes)
  const strides = node.ints('strides') ?? sides.map(() => 1)
  requireSizes(node, 'strides', strides, axes)
  requireOnes(node, 'dilations')
  if (findPadding(node, { sides, kernel, strides }) !== 'valid') {
    throw node.refuse('it pads its input; pooling here has no padding')
  }
  const isRoundedUp = sides.some((side, axis) => (side - kernel[axis]) % strides[axis] !== 0)
  if (node.int('ceil_mode', 0) === 1 && isRoundedUp) {
    throw node.refuse('its ceil_mode adds a window beyond the end; pooling here has whole windows')
  }
  if (axes === 1) {
    builder.add(node, { type: `${kind}Pooling1d`, poolSize: kernel[0], strides: strides[0] })
  } else {
    builder.add(node, { type: `${kind}Pooling2d`, poolSize: oneOrTwo(kernel), strides: oneOrTwo(strides) })
  }
}

/** @param keepsSides whether the graph continues with [channels, 1, 1] */
function addGlobalPooling(node: OnnxNode, builder: NetworkBuilder, keepsSides: boolean): void {
  const [channels, ...sides] = builder.shape
  if (sides.length !== 1 && sides.length !== 2) {
    throw node.refuse(`its input has ${sides.length} sides after the channels; supported are 1 and 2`)
  }
  builder.add(node, { type: sides.length === 1 ? 'globalAveragePooling1d' : 'globalAveragePooling2d' })
  if (keepsSides) builder.shape = [channels, ...sides.map(() => 1)]
}
