/** Names, types and shapes of a model's inputs and outputs, in ONNX files and in the Open Inference Protocol. */
import type { FeatureCoding } from '../contract/dataset.js'
import { lastActivation } from '../contract/network.js'
import { targetWidth } from '../datasets/target-coding.js'
import type { ExportableModel } from './exporter.js'

export interface SignatureTensor {
  name: string
  /** `float64` has NaN for a missing value; `string` has an empty text. */
  type: 'float64' | 'float32' | 'string' | 'bool'
  /** The first side is the number of rows, −1. */
  shape: number[]
}

export interface Signature {
  inputs: SignatureTensor[]
  outputs: SignatureTensor[]
}

/**
 * With one input per column, of the shape [rows, 1]: numbers, booleans as 0 and 1, dates as days since 1970-01-01, and
 * categories as texts. A network over images or signals has one input `input`, [rows, …inputShape], of raw numbers.
 *
 * `output` has the numbers of a prediction. With classes there are also `label`, [rows], and `probabilities`, [rows,
 * classes], if the network gives them. Several boolean targets have `labels`, [rows, targets].
 */
export function modelSignature(model: ExportableModel): Signature {
  return { inputs: signatureInputs(model), outputs: signatureOutputs(model) }
}

function signatureInputs({ coding, network }: ExportableModel): SignatureTensor[] {
  const { inputShape = [] } = network
  if (inputShape.length > 1) return [{ name: 'input', type: 'float64', shape: [-1, ...inputShape] }]
  return coding.features.map((feature) => {
    return { name: feature.name, type: inputType(feature), shape: [-1, 1] }
  })
}

function inputType({ type }: FeatureCoding): 'float64' | 'string' {
  return type === 'category' ? 'string' : 'float64'
}

function signatureOutputs({ coding: { target }, network }: ExportableModel): SignatureTensor[] {
  const width = targetWidth(target)
  const activation = lastActivation(network)
  switch (target.type) {
    case 'number':
      return [{ name: 'output', type: 'float64', shape: [-1, width] }]
    case 'multiLabel':
      return [
        { name: 'output', type: 'float32', shape: [-1, width] },
        { name: 'labels', type: 'bool', shape: [-1, width] },
      ]
    case 'oneHot':
    case 'binary': {
      const hasProbabilities = activation === (target.type === 'oneHot' ? 'softmax' : 'sigmoid')
      const probabilities: SignatureTensor = {
        name: 'probabilities',
        type: 'float32',
        shape: [-1, target.classes.length],
      }
      return [
        { name: 'output', type: 'float32', shape: [-1, width] },
        { name: 'label', type: 'string', shape: [-1] },
        ...(hasProbabilities ? [probabilities] : []),
      ]
    }
    default:
      return target satisfies never
  }
}
