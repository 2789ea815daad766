/**
 * The catalogue of operations: each one's operands with their shapes, its attributes, its cost and the error a
 * fast backend may make, declared once; encoder, printer, validator and cost model read it.
 *
 * - A shape lists attribute names, outermost first; `rows` stands for the rows of the current batch.
 * - A cost is a sum of products of numbers, attribute names and `rows`; one multiply-add counts as 2.
 * - `code` is the operation's number in the encoded program and never changes its meaning.
 * - `tolerance`: a fast backend's output may differ from the float32 reference, given the same inputs, by
 *   absolute + relative · (largest magnitude among the reference's outputs).
 * What an operation computes is defined by its function in kernels/reference.
 */
import type { Activation, Loss } from '../contract/network.js'

/** How outputs are judged right or wrong: see losses.ts. */
export type Accuracy = 'none' | 'argmax' | 'positive' | 'half'

/** Numbers of the enumerated attributes in the encoded program. */
export const activationCodes = {
  linear: 0,
  step: 1,
  sigmoid: 2,
  tanh: 3,
  relu: 4,
  leakyRelu: 5,
  elu: 6,
  gelu: 7,
  softplus: 8,
  softmax: 9,
} as const satisfies Record<Activation, number>

export const lossCodes = {
  squaredError: 0,
  meanSquaredError: 1,
  meanAbsoluteError: 2,
  huber: 3,
  binaryCrossentropy: 4,
  categoricalCrossentropy: 5,
  hinge: 6,
  perceptron: 7,
} as const satisfies Record<Loss, number>

export const accuracyCodes = { none: 0, argmax: 1, positive: 2, half: 3 } as const satisfies Record<
  Accuracy,
  number
>

interface AttributeTypes {
  integer: number
  real: number
  flag: boolean
  /** Never softmax, which works on whole rows and has operations of its own. */
  activation: Activation
  loss: Loss
  accuracy: Accuracy
}
export type AttributeType = keyof AttributeTypes
export type AttributeValue = AttributeTypes[AttributeType]

/** read: needs what was written before; write: fills it wholly; update: reads and writes. */
export type Access = 'read' | 'write' | 'update'

export interface OperandDeclaration<Dimension extends string = string> {
  readonly access: Access
  readonly shape: readonly (Dimension | 'rows')[]
  readonly optional?: true
}

export interface OperationDeclaration {
  readonly code: number
  readonly attributes: Readonly<Record<string, AttributeType>>
  readonly operands: Readonly<Record<string, OperandDeclaration>>
  readonly cost: readonly (readonly (number | string)[])[]
  readonly tolerance: { readonly relative: number; readonly absolute: number }
}

/** Checks that shapes and costs name the operation's own attributes. */
function operation<
  const Attributes extends Record<string, AttributeType>,
  const Operands extends Record<string, OperandDeclaration<keyof Attributes & string>>,
>(declaration: {
  code: number
  attributes: Attributes
  operands: Operands
  cost: readonly (readonly (number | (keyof Attributes & string) | 'rows')[])[]
  tolerance: { relative: number; absolute: number }
}) {
  return declaration
}

const exact = { relative: 0, absolute: 0 }
const elementwise = { relative: 2e-6, absolute: 1e-7 }
const summed = { relative: 2e-5, absolute: 1e-6 }

const denseSizes = { inputs: 'integer', units: 'integer' } as const

/** Images are [channels, height, width]; a signal is an image of height 1. Padding may be fewer at the end than at the start never: the extra cell goes to the end. */
const windowSizes = {
  channels: 'integer',
  height: 'integer',
  width: 'integer',
  kernelHeight: 'integer',
  kernelWidth: 'integer',
  strideY: 'integer',
  strideX: 'integer',
  outputHeight: 'integer',
  outputWidth: 'integer',
} as const
const convolutionSizes = {
  ...windowSizes,
  filters: 'integer',
  padTop: 'integer',
  padLeft: 'integer',
} as const
const image = ['rows', 'channels', 'height', 'width'] as const
const pooled = ['rows', 'channels', 'outputHeight', 'outputWidth'] as const
const filtered = ['rows', 'filters', 'outputHeight', 'outputWidth'] as const
const filterBank = ['filters', 'channels', 'kernelHeight', 'kernelWidth'] as const
const convolutionCost = [
  2,
  'rows',
  'filters',
  'outputHeight',
  'outputWidth',
  'channels',
  'kernelHeight',
  'kernelWidth',
] as const

const localSizes = {
  channels: 'integer',
  length: 'integer',
  filters: 'integer',
  kernelSize: 'integer',
  stride: 'integer',
  positions: 'integer',
} as const
const localBank = ['positions', 'filters', 'channels', 'kernelSize'] as const
const localCost = [2, 'rows', 'positions', 'filters', 'channels', 'kernelSize'] as const

const channelSizes = { channels: 'integer', positions: 'integer' } as const
const channelImage = ['rows', 'channels', 'positions'] as const

export const catalogue = {
  /** z = x Wᵀ + b; y = activation(z). `z` is kept where the activation's derivative needs it (gelu). */
  denseForward: operation({
    code: 1,
    attributes: { ...denseSizes, activation: 'activation' },
    operands: {
      x: { access: 'read', shape: ['rows', 'inputs'] },
      weight: { access: 'read', shape: ['units', 'inputs'] },
      bias: { access: 'read', shape: ['units'], optional: true },
      y: { access: 'write', shape: ['rows', 'units'] },
      z: { access: 'write', shape: ['rows', 'units'], optional: true },
    },
    cost: [
      [2, 'rows', 'inputs', 'units'],
      [2, 'rows', 'units'],
    ],
    tolerance: summed,
  }),
  /** dW = dzᵀ x; db = Σ over rows of dz. */
  denseBackwardWeights: operation({
    code: 2,
    attributes: denseSizes,
    operands: {
      x: { access: 'read', shape: ['rows', 'inputs'] },
      dz: { access: 'read', shape: ['rows', 'units'] },
      dWeight: { access: 'write', shape: ['units', 'inputs'] },
      dBias: { access: 'write', shape: ['units'], optional: true },
    },
    cost: [
      [2, 'rows', 'inputs', 'units'],
      ['rows', 'units'],
    ],
    tolerance: summed,
  }),
  /** dx = dz W. */
  denseBackwardInput: operation({
    code: 3,
    attributes: denseSizes,
    operands: {
      dz: { access: 'read', shape: ['rows', 'units'] },
      weight: { access: 'read', shape: ['units', 'inputs'] },
      dx: { access: 'write', shape: ['rows', 'inputs'] },
    },
    cost: [[2, 'rows', 'inputs', 'units']],
    tolerance: summed,
  }),

  /** y = activation(x). y may be x. */
  activationForward: operation({
    code: 4,
    attributes: { size: 'integer', activation: 'activation' },
    operands: {
      x: { access: 'read', shape: ['rows', 'size'] },
      y: { access: 'write', shape: ['rows', 'size'] },
    },
    cost: [[4, 'rows', 'size']],
    tolerance: elementwise,
  }),
  /** dy ← dy · activation′. `source` is the activation's output y, but its input z for gelu. */
  activationBackward: operation({
    code: 5,
    attributes: { size: 'integer', activation: 'activation' },
    operands: {
      source: { access: 'read', shape: ['rows', 'size'] },
      dy: { access: 'update', shape: ['rows', 'size'] },
    },
    cost: [[3, 'rows', 'size']],
    tolerance: elementwise,
  }),
  /** y = softmax(x), each row by itself, shifted by its maximum. y may be x. */
  softmaxForward: operation({
    code: 6,
    attributes: { size: 'integer' },
    operands: {
      x: { access: 'read', shape: ['rows', 'size'] },
      y: { access: 'write', shape: ['rows', 'size'] },
    },
    cost: [[6, 'rows', 'size']],
    tolerance: elementwise,
  }),
  /** dy ← y · (dy − Σ dy·y), each row by itself. */
  softmaxBackward: operation({
    code: 7,
    attributes: { size: 'integer' },
    operands: {
      y: { access: 'read', shape: ['rows', 'size'] },
      dy: { access: 'update', shape: ['rows', 'size'] },
    },
    cost: [[4, 'rows', 'size']],
    tolerance: summed,
  }),

  /** Cross-correlation: z[f,i,j] = b[f] + Σ w[f,c,k,l] · x[c, i·strideY + k − padTop, j·strideX + l − padLeft]; y = activation(z). */
  convolutionForward: operation({
    code: 8,
    attributes: { ...convolutionSizes, activation: 'activation' },
    operands: {
      x: { access: 'read', shape: image },
      weight: { access: 'read', shape: filterBank },
      bias: { access: 'read', shape: ['filters'], optional: true },
      y: { access: 'write', shape: filtered },
      z: { access: 'write', shape: filtered, optional: true },
    },
    cost: [convolutionCost, [2, ...filtered]],
    tolerance: summed,
  }),
  convolutionBackwardWeights: operation({
    code: 9,
    attributes: convolutionSizes,
    operands: {
      x: { access: 'read', shape: image },
      dz: { access: 'read', shape: filtered },
      dWeight: { access: 'write', shape: filterBank },
      dBias: { access: 'write', shape: ['filters'], optional: true },
    },
    cost: [convolutionCost, [...filtered]],
    tolerance: summed,
  }),
  convolutionBackwardInput: operation({
    code: 10,
    attributes: convolutionSizes,
    operands: {
      dz: { access: 'read', shape: filtered },
      weight: { access: 'read', shape: filterBank },
      dx: { access: 'write', shape: image },
    },
    cost: [convolutionCost],
    tolerance: summed,
  }),

  /** As a convolution of a signal, with its own weights at each position; x [channels, length], y [filters, positions]. */
  locallyConnectedForward: operation({
    code: 11,
    attributes: { ...localSizes, activation: 'activation' },
    operands: {
      x: { access: 'read', shape: ['rows', 'channels', 'length'] },
      weight: { access: 'read', shape: localBank },
      bias: { access: 'read', shape: ['positions', 'filters'], optional: true },
      y: { access: 'write', shape: ['rows', 'filters', 'positions'] },
      z: { access: 'write', shape: ['rows', 'filters', 'positions'], optional: true },
    },
    cost: [localCost, [2, 'rows', 'filters', 'positions']],
    tolerance: summed,
  }),
  locallyConnectedBackwardWeights: operation({
    code: 12,
    attributes: localSizes,
    operands: {
      x: { access: 'read', shape: ['rows', 'channels', 'length'] },
      dz: { access: 'read', shape: ['rows', 'filters', 'positions'] },
      dWeight: { access: 'write', shape: localBank },
      dBias: { access: 'write', shape: ['positions', 'filters'], optional: true },
    },
    cost: [localCost, ['rows', 'filters', 'positions']],
    tolerance: summed,
  }),
  locallyConnectedBackwardInput: operation({
    code: 13,
    attributes: localSizes,
    operands: {
      dz: { access: 'read', shape: ['rows', 'filters', 'positions'] },
      weight: { access: 'read', shape: localBank },
      dx: { access: 'write', shape: ['rows', 'channels', 'length'] },
    },
    cost: [localCost],
    tolerance: summed,
  }),

  /** The largest of each window (no padding). */
  maxPoolingForward: operation({
    code: 14,
    attributes: windowSizes,
    operands: { x: { access: 'read', shape: image }, y: { access: 'write', shape: pooled } },
    cost: [[...pooled, 'kernelHeight', 'kernelWidth']],
    tolerance: exact,
  }),
  /** dy goes to the first cell of the window, row by row, whose x equals y; a cell in several windows gets the sum. */
  maxPoolingBackward: operation({
    code: 15,
    attributes: windowSizes,
    operands: {
      x: { access: 'read', shape: image },
      y: { access: 'read', shape: pooled },
      dy: { access: 'read', shape: pooled },
      dx: { access: 'write', shape: image },
    },
    cost: [[...pooled, 'kernelHeight', 'kernelWidth']],
    tolerance: elementwise,
  }),
  /** The mean of each window (no padding); global pooling is one window over the whole plane. */
  averagePoolingForward: operation({
    code: 16,
    attributes: windowSizes,
    operands: { x: { access: 'read', shape: image }, y: { access: 'write', shape: pooled } },
    cost: [[...pooled, 'kernelHeight', 'kernelWidth']],
    tolerance: elementwise,
  }),
  averagePoolingBackward: operation({
    code: 17,
    attributes: windowSizes,
    operands: { dy: { access: 'read', shape: pooled }, dx: { access: 'write', shape: image } },
    cost: [[...pooled, 'kernelHeight', 'kernelWidth']],
    tolerance: elementwise,
  }),

  /**
   * Per channel over rows × positions, n values: y = gamma · (x − mean) · inverse + beta with the batch's mean,
   * inverse = 1/√(variance + epsilon) and the biased variance. running ← momentum · running + (1 − momentum) · batch's,
   * the variance unbiased (· n/(n − 1)); with n = 1 the running variance stays as it is.
   */
  batchNormalizationForward: operation({
    code: 18,
    attributes: { ...channelSizes, momentum: 'real', epsilon: 'real' },
    operands: {
      x: { access: 'read', shape: channelImage },
      gamma: { access: 'read', shape: ['channels'] },
      beta: { access: 'read', shape: ['channels'] },
      mean: { access: 'write', shape: ['channels'] },
      inverse: { access: 'write', shape: ['channels'] },
      runningMean: { access: 'update', shape: ['channels'] },
      runningVariance: { access: 'update', shape: ['channels'] },
      y: { access: 'write', shape: channelImage },
    },
    cost: [[7, ...channelImage]],
    tolerance: summed,
  }),
  /** y = gamma · (x − runningMean) / √(runningVariance + epsilon) + beta. */
  batchNormalizationInference: operation({
    code: 19,
    attributes: { ...channelSizes, epsilon: 'real' },
    operands: {
      x: { access: 'read', shape: channelImage },
      gamma: { access: 'read', shape: ['channels'] },
      beta: { access: 'read', shape: ['channels'] },
      runningMean: { access: 'read', shape: ['channels'] },
      runningVariance: { access: 'read', shape: ['channels'] },
      y: { access: 'write', shape: channelImage },
    },
    cost: [[2, ...channelImage]],
    tolerance: summed,
  }),
  /** With x̂ = (x − mean) · inverse: dBeta = Σ dy, dGamma = Σ dy·x̂, dx = gamma · inverse · (dy − dBeta/n − x̂ · dGamma/n). dx may be dy. */
  batchNormalizationBackward: operation({
    code: 20,
    attributes: channelSizes,
    operands: {
      x: { access: 'read', shape: channelImage },
      gamma: { access: 'read', shape: ['channels'] },
      mean: { access: 'read', shape: ['channels'] },
      inverse: { access: 'read', shape: ['channels'] },
      dy: { access: 'read', shape: channelImage },
      dGamma: { access: 'write', shape: ['channels'] },
      dBeta: { access: 'write', shape: ['channels'] },
      dx: { access: 'write', shape: channelImage, optional: true },
    },
    cost: [[10, ...channelImage]],
    tolerance: summed,
  }),

  /**
   * mask = 0 where word < floor(rate · 2^32), else 1/(1 − rate); y = x · mask. The word of element e = row · size + i
   * of the batch: stream dropout salted with `layer`, block e >> 1, word e & 1, second counter = the training's
   * step number (counted from 0, modulo 2^32).
   */
  dropoutForward: operation({
    code: 21,
    attributes: { size: 'integer', rate: 'real', layer: 'integer' },
    operands: {
      x: { access: 'read', shape: ['rows', 'size'] },
      mask: { access: 'write', shape: ['rows', 'size'] },
      y: { access: 'write', shape: ['rows', 'size'] },
    },
    cost: [[40, 'rows', 'size']],
    tolerance: elementwise,
  }),
  /** dy ← dy · mask. */
  dropoutBackward: operation({
    code: 22,
    attributes: { size: 'integer' },
    operands: {
      mask: { access: 'read', shape: ['rows', 'size'] },
      dy: { access: 'update', shape: ['rows', 'size'] },
    },
    cost: [['rows', 'size']],
    tolerance: elementwise,
  }),

  /**
   * Adds the batch's loss · rows and its right answers to the epoch's float64 sums, and writes the gradient of the
   * batch's loss. `output` is z before the last activation for binaryCrossentropy, categoricalCrossentropy, hinge
   * and perceptron, else the network's output. Formulas: kernels/reference/loss.ts.
   */
  loss: operation({
    code: 23,
    attributes: { outputs: 'integer', loss: 'loss', accuracy: 'accuracy' },
    operands: {
      output: { access: 'read', shape: ['rows', 'outputs'] },
      target: { access: 'read', shape: ['rows', 'outputs'] },
      gradient: { access: 'write', shape: ['rows', 'outputs'], optional: true },
    },
    cost: [[8, 'rows', 'outputs']],
    tolerance: summed,
  }),

  /** Scales all gradients by limit / norm if their Euclidean norm is larger than limit. */
  clipGradients: operation({
    code: 24,
    attributes: { count: 'integer', limit: 'real' },
    operands: { gradients: { access: 'update', shape: ['count'] } },
    cost: [[3, 'count']],
    tolerance: summed,
  }),
  /** g ← g + weightDecay·θ; δ ← momentum·δ + g; θ ← θ − α·δ (Nesterov: θ − α·(g + momentum·δ)). Without velocity θ ← θ − α·g. α: the epoch's learning rate. */
  sgdUpdate: operation({
    code: 25,
    attributes: { count: 'integer', momentum: 'real', nesterov: 'flag', weightDecay: 'real' },
    operands: {
      parameters: { access: 'update', shape: ['count'] },
      gradients: { access: 'read', shape: ['count'] },
      velocity: { access: 'update', shape: ['count'], optional: true },
    },
    cost: [[6, 'count']],
    tolerance: elementwise,
  }),
  /**
   * θ ← θ·(1 − α·weightDecay); m ← β1·m + (1 − β1)·g; v ← β2·v + (1 − β2)·g²; θ ← θ − α·m̂/(√v̂ + ε) with
   * m̂ = m/(1 − β1^t), v̂ = v/(1 − β2^t), t the training's step counted from 1; without biasCorrection m̂ = m, v̂ = v.
   */
  adamUpdate: operation({
    code: 26,
    attributes: {
      count: 'integer',
      beta1: 'real',
      beta2: 'real',
      epsilon: 'real',
      biasCorrection: 'flag',
      weightDecay: 'real',
    },
    operands: {
      parameters: { access: 'update', shape: ['count'] },
      gradients: { access: 'read', shape: ['count'] },
      firstMoment: { access: 'update', shape: ['count'] },
      secondMoment: { access: 'update', shape: ['count'] },
    },
    cost: [[14, 'count']],
    tolerance: summed,
  }),
  /** v ← rho·v + (1 − rho)·g²; θ ← θ − α·g/(√v + ε). */
  rmspropUpdate: operation({
    code: 27,
    attributes: { count: 'integer', rho: 'real', epsilon: 'real' },
    operands: {
      parameters: { access: 'update', shape: ['count'] },
      gradients: { access: 'read', shape: ['count'] },
      meanSquare: { access: 'update', shape: ['count'] },
    },
    cost: [[8, 'count']],
    tolerance: summed,
  }),
  /** v ← v + g²; θ ← θ − α·g/(√v + ε). */
  adagradUpdate: operation({
    code: 28,
    attributes: { count: 'integer', epsilon: 'real' },
    operands: {
      parameters: { access: 'update', shape: ['count'] },
      gradients: { access: 'read', shape: ['count'] },
      sumOfSquares: { access: 'update', shape: ['count'] },
    },
    cost: [[7, 'count']],
    tolerance: summed,
  }),
}

type Catalogue = typeof catalogue
export type OperationName = keyof Catalogue

/** A buffer's index in the program's list of buffers. */
export type BufferId = number

type OperandOf<Declaration> = Declaration extends { optional: true } ? BufferId | null : BufferId
export type OperationOf<Name extends OperationName> = {
  [N in Name]: {
    readonly op: N
    readonly operands: {
      readonly [Operand in keyof Catalogue[N]['operands']]: OperandOf<Catalogue[N]['operands'][Operand]>
    }
    readonly attributes: {
      readonly [A in keyof Catalogue[N]['attributes']]: Catalogue[N]['attributes'][A] extends AttributeType
        ? AttributeTypes[Catalogue[N]['attributes'][A]]
        : never
    }
  }
}[Name]

/** One entry of a program's lists: flat data, its meaning in the catalogue. */
export type Operation = OperationOf<OperationName>

/** The declaration of an operation, in the general form that encoder, printer, validator and cost model read. */
export function declarationOf(name: OperationName): OperationDeclaration {
  return catalogue[name]
}
