/** Names, types and shapes of a model's inputs and outputs, in ONNX files and in the Open Inference Protocol. */
import type { FeatureCoding } from '../contract/dataset.js'
import { lastActivation } from '../contract/network.js'
import { givesProbabilities } from '../datasets/prediction.js'
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
 * categories as texts. A network over images or signals has one input `input`, [rows, …inputShape], of raw numbers,
 * unless a column is a category or a date. An underscore is appended to the name of a column that is also the name of an
 * output.
 *
 * `output` has the numbers of a prediction. With classes there are also `label`, [rows], and `probabilities`, [rows,
 * classes], if the network gives them. Several boolean targets have `labels`, [rows, targets].
 */
export function modelSignature(model: ExportableModel): Signature {
  const outputs = signatureOutputs(model)
  return { inputs: signatureInputs(model, outputs), outputs }
}

/** Whether `input` has all features of a row, which are numbers. */
export function hasWholeInput({
  coding: { features },
  network: { inputShape = [] },
}: ExportableModel): boolean {
  const areNumbers = features.every(({ type }) => type === 'number' || type === 'boolean')
  return inputShape.length > 1 && areNumbers
}

function signatureInputs(model: ExportableModel, outputs: readonly SignatureTensor[]): SignatureTensor[] {
  const { coding, network } = model
  if (hasWholeInput(model)) {
    return [{ name: 'input', type: 'float64', shape: [-1, ...(network.inputShape ?? [])] }]
  }
  const taken = new Set([...outputs, ...coding.features].map(({ name }) => name))
  const outputNames = new Set(outputs.map(({ name }) => name))
  return coding.features.map((feature) => {
    const name = outputNames.has(feature.name) ? freeName(feature.name, taken) : feature.name
    return { name, type: inputType(feature), shape: [-1, 1] }
  })
}

/** Appends underscores, and records the name as taken. */
function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted
  while (taken.has(name)) name += '_'
  taken.add(name)
  return name
}

function inputType({ type }: FeatureCoding): 'float64' | 'string' {
  return type === 'category' ? 'string' : 'float64'
}

export function signatureOutputs({ coding: { target }, network }: ExportableModel): SignatureTensor[] {
  const width = targetWidth(target)
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
      const probabilities: SignatureTensor = {
        name: 'probabilities',
        type: 'float32',
        shape: [-1, target.classes.length],
      }
      return [
        { name: 'output', type: 'float32', shape: [-1, width] },
        { name: 'label', type: 'string', shape: [-1] },
        ...(givesProbabilities(target, lastActivation(network)) ? [probabilities] : []),
      ]
    }
    default:
      return target satisfies never
  }
}
