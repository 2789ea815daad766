/** What signals pass through beside products: activations, pooling, normalization, dropout, forward and backward. */
import { elementwise, exact, image, operation, summed, windowSizes } from './declaration.js'

const pooled = ['rows', 'channels', 'outputHeight', 'outputWidth'] as const
const channelSizes = { channels: 'integer', positions: 'integer' } as const
const channelImage = ['rows', 'channels', 'positions'] as const

export const signals = {
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
}
