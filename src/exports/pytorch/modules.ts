/** The layers of a network as modules of a PyTorch `nn.Sequential`. */
import type { Activation } from '../../contract/network.js'
import type { ExportableModel } from '../exporter.js'
import { type PlacedLayer, placedLayers, samePadding, toPair } from '../placed-layers.js'

interface TorchModule {
  /** As in `nn.Linear(8, 3)`. Names without a dot are classes of model.py. */
  code: string
  /** The tensors of the state dict without the number of the module, and their names in the service. */
  tensors: { name: string; source: string }[]
}

/** The module i has the tensors `i.weight`, `i.bias`, `i.running_mean` and `i.running_var`. */
export function torchModules(model: ExportableModel): TorchModule[] {
  return placedLayers(model).flatMap(layerModules)
}

/** A module without tensors. */
const plain = (code: string): TorchModule => ({ code, tensors: [] })

function layerModules(placed: PlacedLayer): TorchModule[] {
  const { layer, inputShape } = placed
  switch (layer.type) {
    case 'dense':
      return weighted(
        placed,
        layer,
        `nn.Linear(${inputShape[0]}, ${layer.units}, bias=${python(layer.useBias)})`,
      )
    case 'conv1d':
    case 'conv2d':
      return convolution(placed, layer)
    case 'locallyConnected1d': {
      const { filters, kernelSize, strides, useBias } = layer
      const sizes = [...inputShape, filters, kernelSize, strides, python(useBias)].join(', ')
      return weighted(placed, layer, `LocallyConnected1d(${sizes})`)
    }
    case 'locallyConnected2d': {
      const { filters, kernelSize, strides, useBias } = layer
      const windows = [toPair(kernelSize), toPair(strides)].map(tuple)
      const sizes = [...inputShape, filters, ...windows, python(useBias)].join(', ')
      return weighted(placed, layer, `LocallyConnected2d(${sizes})`)
    }
    case 'maxPooling1d':
    case 'averagePooling1d':
    case 'maxPooling2d':
    case 'averagePooling2d': {
      const { type, poolSize, strides = poolSize } = layer
      const name = `${type.startsWith('max') ? 'Max' : 'Avg'}Pool${type.slice(-2)}`
      return [plain(`nn.${name}(${tuple(poolSize)}, ${tuple(strides)})`)]
    }
    case 'globalAveragePooling1d':
    case 'globalAveragePooling2d':
      return [plain(`nn.AdaptiveAvgPool${layer.type.slice(-2)}(1)`), plain('nn.Flatten()')]
    case 'flatten':
      return [plain('nn.Flatten()')]
    case 'reshape':
      return [plain('nn.Flatten()'), plain(`nn.Unflatten(1, (${layer.targetShape.join(', ')},))`)]
    case 'dropout':
      return [plain(`nn.Dropout(${layer.rate})`)]
    case 'batchNormalization':
      return [normalization(placed, layer.epsilon, layer.momentum)]
    case 'activation':
      return activationModules(layer.activation)
    default:
      return layer satisfies never
  }
}

const python = (value: boolean) => (value ? 'True' : 'False')
const tuple = (value: number | readonly [number, number]) =>
  typeof value === 'number' ? String(value) : `(${value.join(', ')})`

interface Weighted {
  activation: Activation
  useBias: boolean
}

function weighted({ index }: PlacedLayer, { activation, useBias }: Weighted, code: string): TorchModule[] {
  const names = useBias ? ['weight', 'bias'] : ['weight']
  const tensors = names.map((name) => ({ name, source: `layers.${index}.${name}` }))
  return [{ code, tensors }, ...activationModules(activation)]
}

type Convolution = Extract<PlacedLayer['layer'], { type: 'conv1d' | 'conv2d' }>

/** PyTorch pads both ends of an axis equally, so the zeros of `same` are a separate module. */
function convolution(placed: PlacedLayer, layer: Convolution): TorchModule[] {
  const { filters, kernelSize, strides, padding, useBias, type } = layer
  const [channels, ...sides] = placed.inputShape
  const kernels = toPair(kernelSize)
  const steps = toPair(strides)
  // The padding of the last axis comes first.
  const zeros = sides.map((side, axis) => samePadding(side, kernels[axis], steps[axis])).toReversed()
  const code = `nn.${type === 'conv1d' ? 'Conv1d' : 'Conv2d'}(${channels}, ${filters}, ${tuple(kernelSize)}, ${tuple(strides)}, bias=${python(useBias)})`
  const modules = weighted(placed, layer, code)
  if (padding === 'valid' || zeros.flat().every((count) => count === 0)) return modules
  return [plain(`nn.ConstantPad${type.slice(-2)}((${zeros.flat().join(', ')}), 0.0)`), ...modules]
}

/** The momentum of PyTorch is the share of the new value. */
function normalization({ index, inputShape }: PlacedLayer, epsilon: number, momentum: number): TorchModule {
  const sources = { weight: 'weight', bias: 'bias', running_mean: 'runningMean', running_var: 'runningVar' }
  return {
    code: `nn.BatchNorm${inputShape.length === 3 ? '2d' : '1d'}(${inputShape[0]}, eps=${epsilon}, momentum=${Number((1 - momentum).toPrecision(12))})`,
    tensors: Object.entries(sources).map(([name, source]) => ({ name, source: `layers.${index}.${source}` })),
  }
}

function activationModules(activation: Activation): TorchModule[] {
  switch (activation) {
    case 'linear':
      return []
    case 'step':
      return [plain('Step()')]
    case 'sigmoid':
      return [plain('nn.Sigmoid()')]
    case 'tanh':
      return [plain('nn.Tanh()')]
    case 'relu':
      return [plain('nn.ReLU()')]
    case 'leakyRelu':
      return [plain('nn.LeakyReLU(0.01)')]
    case 'elu':
      return [plain('nn.ELU()')]
    case 'gelu':
      return [plain('nn.GELU()')]
    case 'softplus':
      return [plain('nn.Softplus()')]
    case 'softmax':
      return [plain('nn.Softmax(1)')]
    default:
      return activation satisfies never
  }
}
