/** Operations of dense, convolutional and locally connected layers, forward and backward. */
import { image, operation, summed, windowSizes } from './declaration.js'

const denseSizes = { inputs: 'integer', units: 'integer' } as const

const convolutionSizes = {
  ...windowSizes,
  filters: 'integer',
  padTop: 'natural',
  padLeft: 'natural',
} as const
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

const localSizes = { ...windowSizes, filters: 'integer' } as const
const localFilters = ['outputHeight', 'outputWidth', 'filters'] as const
const localBank = [...localFilters, 'channels', 'kernelHeight', 'kernelWidth'] as const

export const products = {
  /** z = x Wᵀ + b; y = activation(z). `z` is stored for activations whose derivative needs it. */
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
  /**
   * Cross-correlation: z[f,i,j] = b[f] + Σ w[f,c,k,l] · x[c, i·strideY + k − padTop, j·strideX + l − padLeft];
   * y = activation(z).
   */
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
  /** A convolution with separate weights per position: z[f,i,j] = b[i,j,f] + Σ w[i,j,f,c,k,l] · x[c, i·strideY + k, j·strideX + l]. */
  locallyConnectedForward: operation({
    code: 11,
    attributes: { ...localSizes, activation: 'activation' },
    operands: {
      x: { access: 'read', shape: image },
      weight: { access: 'read', shape: localBank },
      bias: { access: 'read', shape: localFilters, optional: true },
      y: { access: 'write', shape: filtered },
      z: { access: 'write', shape: filtered, optional: true },
    },
    cost: [convolutionCost, [2, ...filtered]],
    tolerance: summed,
  }),
  locallyConnectedBackwardWeights: operation({
    code: 12,
    attributes: localSizes,
    operands: {
      x: { access: 'read', shape: image },
      dz: { access: 'read', shape: filtered },
      dWeight: { access: 'write', shape: localBank },
      dBias: { access: 'write', shape: localFilters, optional: true },
    },
    cost: [convolutionCost, [...filtered]],
    tolerance: summed,
  }),
  locallyConnectedBackwardInput: operation({
    code: 13,
    attributes: localSizes,
    operands: {
      dz: { access: 'read', shape: filtered },
      weight: { access: 'read', shape: localBank },
      dx: { access: 'write', shape: image },
    },
    cost: [convolutionCost],
    tolerance: summed,
  }),
}
