/** Statistics of a training after a step: norms for each layer, and activations of some training rows. */
import type { Activation } from '../contract/network.js'
import { elementCount } from './arena.js'
import type { Dataset } from './dataset.js'
import type { PredictionExecutor } from './kernels/backend.js'
import { lossRules } from './operations.js'
import { gradientSpan, penalizedGradients } from './optimizers.js'
import type { Program } from './program.js'

/** A value is null where it is not finite, or the layer has none. */
interface LayerStatistics {
  /** Index in the network. */
  layer: number
  /** L2 norm of the trainable weights. */
  weightNorm: number | null
  /** L2 norm of their gradient in the last step, after clipping. */
  gradientNorm: number | null
  /** L2 norm of their change by the last step. */
  updateNorm: number | null
  /** Share of relu units (channels of a convolution) that are 0 for each examined row. */
  deadUnits: number | null
  /** Share of the values of sigmoid within 0.05 of its limits, or of tanh within 0.1, which is the same distance. */
  saturated: number | null
}

export interface EpochStatistics {
  epoch: number
  layers: LayerStatistics[]
  /** Largest absolute output before the last activation; null unless the loss is computed from these outputs. */
  largestLogit: number | null
}

/** Tensors with more values are sampled. */
const sampledValues = 65_536
/** Maximum number of rows whose activations are examined. A small share of the rows keeps this cheap. */
const mostRows = 128
const fewestRows = 16
const shareOfRows = 0.02
/** Maximum number of activations of all layers and examined rows. */
const mostActivations = 2 ** 20

/** Sigmoid beyond 0.05 and 0.95, and the same share of tanh's range: the slope is less than a fifth of its maximum. */
const limits: Partial<Record<Activation, { low: number; high: number }>> = {
  sigmoid: { low: 0.05, high: 0.95 },
  tanh: { low: -0.9, high: 0.9 },
}

interface SampledTensor {
  values: Float32Array
  gradient: Float32Array
  stride: number
  before: Float32Array
}

interface LayerView {
  layer: number
  tensors: SampledTensor[]
  output: LayerOutput | null
}

interface LayerOutput {
  activation: Activation
  /** [capacity, units, positions]. */
  values: Float32Array
  units: number
  positions: number
  /** By unit: whether a row has activated it. */
  active: Uint8Array
  saturated: number
}

export class StatisticsProbe {
  readonly #views: LayerView[]
  readonly #logits: { values: Float32Array; width: number } | null
  readonly #rows: Float32Array
  readonly #outputs: Float32Array
  readonly #features: number
  readonly #capacity: number

  constructor(
    program: Program,
    floats: Float32Array,
    { trainingX, size }: Dataset,
    private readonly executor: PredictionExecutor,
  ) {
    this.#views = program.layers.map(({ index }) => viewLayer(program, floats, index))
    this.#logits = viewLogits(program, floats)
    this.#features = size.features
    this.#capacity = program.capacity
    this.#rows = sampleRows(trainingX, size.features, countRows(program, size.trainingRows))
    const width = elementCount(program.outputShape)
    this.#outputs = new Float32Array(Math.min(this.#capacity, this.#rows.length / size.features) * width)
  }

  /** Call before the step whose update is measured. */
  remember(): void {
    for (const { tensors } of this.#views) {
      for (const { values, stride, before } of tensors) {
        for (let i = 0, from = 0; i < before.length; i++, from += stride) before[i] = values[from]
      }
    }
  }

  /** Call after that step. Overwrites activations in the arena, which the next step computes again. */
  measure(epoch: number): EpochStatistics {
    const largestLogit = this.#examineRows()
    const layers = this.#views.map(({ layer, tensors, output }) => ({
      layer,
      ...measureWeights(tensors),
      ...summarize(output, this.#rows.length / this.#features),
    }))
    return { epoch, layers: layers.filter(hasValue), largestLogit }
  }

  #examineRows(): number | null {
    for (const { output } of this.#views) {
      output?.active.fill(0)
      if (output !== null) output.saturated = 0
    }
    const rows = this.#rows.length / this.#features
    let largest = 0
    for (let first = 0; first < rows; first += this.#capacity) {
      const count = Math.min(this.#capacity, rows - first)
      const inputs = this.#rows.subarray(first * this.#features, (first + count) * this.#features)
      const width = this.#outputs.length / Math.min(this.#capacity, rows)
      this.executor.predict(inputs, this.#outputs.subarray(0, count * width))
      for (const { output } of this.#views) if (output !== null) examine(output, count)
      if (this.#logits !== null) largest = Math.max(largest, largestMagnitude(this.#logits, count))
    }
    return this.#logits === null || !Number.isFinite(largest) ? null : largest
  }
}

const hasValue = ({ weightNorm, deadUnits, saturated }: LayerStatistics) =>
  weightNorm !== null || deadUnits !== null || saturated !== null

function viewLayer(program: Program, floats: Float32Array, layer: number): LayerView {
  const view = (buffer: number, shift = 0) => {
    const { offset, length } = program.buffers[buffer]
    return floats.subarray(offset + shift, offset + shift + length)
  }
  const toFinal = distanceToFinalGradients(program)
  const tensors = program.tensors.flatMap(({ name, shape, buffer, gradient }) => {
    if (gradient === null || !name.startsWith(`layers.${layer}.`)) return []
    const values = view(buffer)
    const stride = chooseStride(values.length, shape.at(-1) ?? 1)
    const before = new Float32Array(Math.ceil(values.length / stride))
    return [{ values, gradient: view(gradient, toFinal), stride, before }]
  })
  return { layer, tensors, output: viewOutput(program, floats, layer) }
}

/** With an L1 penalty, it is added to a copy of the gradients, and that copy is clipped. */
function distanceToFinalGradients({ buffers }: Program): number {
  const penalized = buffers.find(({ name }) => name === penalizedGradients)
  const gradients = buffers.find(({ name }) => name === gradientSpan)
  return penalized === undefined || gradients === undefined ? 0 : penalized.offset - gradients.offset
}

/** Takes every n-th value. Without a common divisor with the row length, the samples spread over all columns. */
function chooseStride(length: number, rowLength: number): number {
  let stride = Math.ceil(length / sampledValues)
  while (stride > 1 && greatestCommonDivisor(stride, rowLength) > 1) stride++
  return stride
}

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b)

function viewOutput(program: Program, floats: Float32Array, layer: number): LayerOutput | null {
  const { activation, outputShape } = program.layers[layer]
  const isMeasured = activation === 'relu' || (activation !== undefined && limits[activation] !== undefined)
  const isOmitted = layer === program.layers.length - 1 && lossRules[program.spec.loss].fromLogits
  const buffer = program.buffers.find(({ name }) => name === `layers.${layer}.output`)
  if (!isMeasured || isOmitted || buffer === undefined) return null
  const values = floats.subarray(buffer.offset, buffer.offset + buffer.length)
  const [units = 1, ...positions] = outputShape
  return {
    activation,
    values,
    units,
    positions: elementCount(positions),
    active: new Uint8Array(units),
    saturated: 0,
  }
}

function viewLogits(program: Program, floats: Float32Array): { values: Float32Array; width: number } | null {
  const last = program.lists.evaluation.at(-1)
  if (last === undefined || (last.op !== 'loss' && last.op !== 'weightedLoss')) return null
  if (!lossRules[program.spec.loss].fromLogits) return null
  const { offset, length } = program.buffers[last.operands.output]
  return { values: floats.subarray(offset, offset + length), width: elementCount(program.outputShape) }
}

function countRows(program: Program, trainingRows: number): number {
  const activations = program.layers.reduce((sum, { outputShape }) => sum + elementCount(outputShape), 0)
  const affordable = Math.max(1, Math.floor(mostActivations / activations))
  const wanted = Math.min(mostRows, Math.max(fewestRows, Math.floor(shareOfRows * trainingRows)))
  return Math.min(trainingRows, wanted, affordable)
}

/** Evenly spaced rows. */
function sampleRows(x: Float32Array, features: number, count: number): Float32Array {
  const rows = x.length / features
  const sample = new Float32Array(count * features)
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * rows) / count)
    sample.set(x.subarray(row * features, (row + 1) * features), i * features)
  }
  return sample
}

function measureWeights(
  tensors: readonly SampledTensor[],
): Pick<LayerStatistics, 'weightNorm' | 'gradientNorm' | 'updateNorm'> {
  if (tensors.length === 0) return { weightNorm: null, gradientNorm: null, updateNorm: null }
  let [weights, gradients, updates] = [0, 0, 0]
  for (const { values, gradient, stride, before } of tensors) {
    let [weight, slope, update] = [0, 0, 0]
    for (let i = 0, from = 0; i < before.length; i++, from += stride) {
      weight += values[from] ** 2
      slope += gradient[from] ** 2
      update += (values[from] - before[i]) ** 2
    }
    const scale = values.length / before.length
    weights += scale * weight
    gradients += scale * slope
    updates += scale * update
  }
  return { weightNorm: root(weights), gradientNorm: root(gradients), updateNorm: root(updates) }
}

const root = (square: number) => (Number.isFinite(square) ? Math.sqrt(square) : null)

function examine(output: LayerOutput, rows: number): void {
  const { activation, values, units, positions, active } = output
  const range = limits[activation]
  if (range === undefined) {
    for (let i = 0, row = 0; row < rows; row++) {
      for (let unit = 0; unit < units; unit++) {
        for (let place = 0; place < positions; place++, i++) if (values[i] > 0) active[unit] = 1
      }
    }
    return
  }
  for (let i = 0; i < rows * units * positions; i++) {
    if (values[i] < range.low || values[i] > range.high) output.saturated++
  }
}

function summarize(
  output: LayerOutput | null,
  rows: number,
): Pick<LayerStatistics, 'deadUnits' | 'saturated'> {
  if (output === null) return { deadUnits: null, saturated: null }
  const { activation, units, positions, active, saturated } = output
  if (limits[activation] !== undefined) {
    return { deadUnits: null, saturated: saturated / (rows * units * positions) }
  }
  return { deadUnits: active.reduce((sum, each) => sum + (1 - each), 0) / units, saturated: null }
}

function largestMagnitude({ values, width }: { values: Float32Array; width: number }, rows: number): number {
  let largest = 0
  for (let i = 0; i < rows * width; i++) largest = Math.max(largest, Math.abs(values[i]))
  return largest
}
