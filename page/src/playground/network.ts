/** A network of dense layers in the page: its weights from a frame of the stream, and its outputs. */
import { deriveValue } from '../../../src/datasets/derivation.js'
import { activationFunctions } from '../../../src/engine/kernels/reference/activation.js'
import { lossOfRow, usesLogits } from '../../../src/engine/row-loss.js'
import type { Boundary, JobSpec } from '../api/types.js'

interface DenseLayer {
  inputs: number
  units: number
  /** [units, inputs]. */
  weight: Float32Array
  /** One for each unit; null for none. */
  bias: Float32Array | null
  activation: keyof typeof activationFunctions | 'softmax'
}

export interface SmallNetwork {
  /** How each input is read: (value − offset) / scale. */
  inputs: readonly { offset: number; scale: number }[]
  /** Inputs after these, which are computed from their raw values. */
  derived: NonNullable<NonNullable<Boundary['weights']>['derived']>
  layers: readonly DenseLayer[]
  loss: JobSpec['loss']
}

const decoded = new WeakMap<Boundary, SmallNetwork | null>()

/** Null if the frame has no weights, or a layer is not dense. */
export function networkOf(frame: Boundary, spec: Pick<JobSpec, 'network' | 'loss'>): SmallNetwork | null {
  const known = decoded.get(frame)
  if (known !== undefined) return known
  const network = frame.weights === undefined ? null : decodeNetwork(frame.weights, spec)
  decoded.set(frame, network)
  return network
}

function decodeNetwork(
  { inputs, derived = [], tensors, values }: NonNullable<Boundary['weights']>,
  { network, loss }: Pick<JobSpec, 'network' | 'loss'>,
): SmallNetwork | null {
  const numbers = decodeFloats(values)
  const tensor = (name: string): { shape: number[]; values: Float32Array } | null => {
    const found = tensors.find((each) => each.name === name)
    if (found === undefined) return null
    const length = found.shape.reduce((product, side) => product * side, 1)
    return { shape: found.shape, values: numbers.subarray(found.offset, found.offset + length) }
  }
  const layers = network.layers.flatMap((layer, index): DenseLayer[] => {
    const weight = tensor(`layers.${index}.weight`)
    if (layer.type !== 'dense' || weight === null) return []
    const [units = 0, inputs = 0] = weight.shape
    const bias = tensor(`layers.${index}.bias`)?.values ?? null
    return [{ inputs, units, weight: weight.values, bias, activation: layer.activation }]
  })
  return layers.length === network.layers.length ? { inputs, derived, layers, loss } : null
}

function decodeFloats(base64: string): Float32Array {
  const text = atob(base64)
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(4 * index, true))
}

/** The outputs of every layer for rows of raw values. `logits` are those of the last layer before its activation. */
export function computeLayers(
  { inputs, derived, layers }: SmallNetwork,
  rows: readonly (readonly number[])[],
): { layers: Float64Array[]; logits: Float64Array } {
  let values = Float64Array.from(
    rows.flatMap((row) => [
      ...inputs.map(({ offset, scale }, index) => ((row[index] ?? 0) - offset) / scale),
      ...derived.map((each) => (derivedValue(each, row) - each.offset) / each.scale),
    ]),
  )
  let logits = values
  const outputs = layers.map((layer) => {
    logits = weightedSums(layer, values, rows.length)
    values = activate(layer, logits)
    return values
  })
  return { layers: outputs, logits }
}

/** @param row raw values of the inputs */
export const derivedValue = (
  { type, of }: Pick<SmallNetwork['derived'][number], 'type' | 'of'>,
  row: readonly number[],
): number => deriveValue(type, row[of[0] ?? 0] ?? 0, row[of[1] ?? of[0] ?? 0])

function weightedSums(
  { inputs, units, weight, bias }: DenseLayer,
  values: Float64Array,
  rows: number,
): Float64Array<ArrayBuffer> {
  const sums = new Float64Array(rows * units)
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < units; unit++) {
      let sum = bias?.[unit] ?? 0
      for (let input = 0; input < inputs; input++) {
        sum += (weight[unit * inputs + input] ?? 0) * (values[row * inputs + input] ?? 0)
      }
      sums[row * units + unit] = sum
    }
  }
  return sums
}

function activate({ activation, units }: DenseLayer, sums: Float64Array): Float64Array<ArrayBuffer> {
  if (activation !== 'softmax') return Float64Array.from(sums, activationFunctions[activation].value)
  const outputs = new Float64Array(sums.length)
  for (let start = 0; start < sums.length; start += units) {
    const row = sums.subarray(start, start + units)
    const largest = Math.max(...row)
    const exponentials = row.map((sum) => Math.exp(sum - largest))
    const total = exponentials.reduce((sum, each) => sum + each, 0)
    outputs.set(
      exponentials.map((each) => each / total),
      start,
    )
  }
  return outputs
}

/** The mean loss of rows, as a training reports it without weights of rows. */
export function meanLoss(
  network: SmallNetwork,
  rows: readonly (readonly number[])[],
  targets: readonly (readonly number[])[],
): number {
  const { layers, logits } = computeLayers(network, rows)
  const values = usesLogits(network.loss) ? logits : (layers.at(-1) ?? logits)
  const outputs = values.length / rows.length
  const sum = targets.reduce(
    (total, target, row) =>
      total + lossOfRow(network.loss, values.subarray(row * outputs, (row + 1) * outputs), target),
    0,
  )
  return sum / rows.length
}
