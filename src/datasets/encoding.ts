/** From a table's rows to the float32 numbers a network trains on. */
import type { Coding, ImageFormat, Scaling } from '../contract/dataset.js'
import type { Loss } from '../contract/network.js'
import { codedWidth, eachColumn, inputsOf, learnFeatures, type Part } from './feature-coding.js'
import { type Inheritance, inheritFeature, inheritTargetScaling } from './inherited-coding.js'
import { type ColumnWriter, inputWriter } from './input-writers.js'
import { isWeighted, type RowWeights, writeWeights } from './row-weights.js'
import { shownNames } from './shown-text.js'
import { DatasetError, type Table } from './table.js'
import { canScaleTargets, type Outputs, targetCoding, targetNames, targetWidth } from './target-coding.js'
import { learnTargetScaling } from './target-scaling.js'
import { writeTargets } from './target-writing.js'

/**
 * Where the encoded numbers go, row-major: X is rows × inputs, Y is rows × target width, or one more where rows have
 * weights, which stand behind the targets.
 */
export interface EncodedViews {
  trainingX: Float32Array
  trainingY: Float32Array
  validationX: Float32Array
  validationY: Float32Array
}

export interface EncodingOptions extends Outputs, RowWeights {
  scaling: Scaling
  /** `none` when left out. */
  targetScaling?: Scaling
  /** When the features are the pixels of a picture; then they share one scale. */
  image: ImageFormat | null
  /** What of a model’s coding is kept, when its weights are where the training begins. */
  inheritance?: Inheritance | null
}

/**
 * Learns the coding from the training rows and writes all rows, encoded, into the given views. Validation rows may be
 * of another table with the same columns.
 * @throws DatasetError naming row and column when the target does not fit the outputs or the loss, or a value
 *   leaves the range of float32
 * @throws RangeError when a view does not have the size its rows need
 */
export function encode(
  training: Part,
  validation: Part,
  options: EncodingOptions,
  views: EncodedViews,
): Coding {
  const coding = learnCoding(training, options)
  const inputs = inputsOf(coding)
  const width = targetWidth(coding.target)
  const stride = width + (isWeighted(options) ? 1 : 0)
  const parts = [
    { part: training, x: views.trainingX, y: views.trainingY },
    { part: validation, x: views.validationX, y: views.validationY },
  ]
  for (const { part, x, y } of parts) {
    checkSize(x, part.rows.length * inputs)
    checkSize(y, part.rows.length * stride)
    checkColumns(part.table, columnNames(coding))
    writeInputs(part, coding, x)
    writeTargets(part, coding.target, options.loss, { y, stride })
  }
  if (stride > width) writeWeights(parts, coding.target, options)
  return coding
}

/**
 * Writes rows of any table as a network with this coding takes them; columns are found by name. `x` is rows × inputs,
 * `y` rows × target width, without weights. A number is read as a category of that name where the coding has
 * categories, and a category whose name is a number as that number where it has numbers. Categories that no training
 * row had enter as zeros.
 * @param y null when the targets are not wanted, and need not be there
 * @throws DatasetError naming missing columns, unknown classes, or row and column of a value that cannot be encoded
 */
export function encodeByCoding(
  part: Part,
  coding: Coding,
  loss: Loss,
  x: Float32Array,
  y: Float32Array | null,
): void {
  checkSize(x, part.rows.length * inputsOf(coding))
  checkColumns(part.table, y === null ? featureNames(coding) : columnNames(coding))
  writeInputs(part, coding, x)
  if (y === null) return
  const stride = targetWidth(coding.target)
  checkSize(y, part.rows.length * stride)
  writeTargets(part, coding.target, loss, { y, stride })
}

/** What the training rows teach of how raw values enter the network, and what is kept of a model’s coding. */
export function learnCoding(training: Part, options: EncodingOptions): Coding {
  if (training.rows.length === 0) throw new DatasetError('invalid-dataset', 'no row is left to train on')
  const { image, scaling, sampleWeight, inheritance = null } = options
  const { columns } = training.table
  const learned = learnFeatures(training, { scaling, sampleWeight, together: image !== null })
  const byName = new Map(columns.map((column) => [column.name, column]))
  const features =
    inheritance === null
      ? learned
      : learned.map((feature) => inheritFeature(feature, byName.get(feature.name), inheritance))
  const taken = new Set(features.map(({ name }) => name))
  const pixels = columns.filter(({ name }) => taken.has(name))
  return {
    features,
    target: learnTarget(training, options),
    ignored: columns.flatMap(({ name }) => (taken.has(name) ? [] : [name])),
    ...(image === null
      ? {}
      : { image: { ...image, white: pixels.some(({ max = 0 }) => max > 1) ? 255 : 1 } }),
  }
}

function learnTarget(training: Part, options: EncodingOptions): Coding['target'] {
  const { targetScaling = 'none', loss, inheritance = null } = options
  const target = targetCoding(training.table, options)
  if (target.type !== 'number' || !canScaleTargets(target, loss)) return target
  const learned = learnTargetScaling(training, target.names, targetScaling)
  const scaling = inheritance === null ? learned : inheritTargetScaling(target, learned, inheritance)
  return scaling === undefined ? target : { ...target, scaling }
}

const featureNames = ({ features }: Coding) => features.map(({ name }) => name)
const columnNames = (coding: Coding) => [...featureNames(coding), ...targetNames(coding.target)]

function checkColumns({ columns }: Table, names: readonly string[]): void {
  const known = new Set(columns.flatMap(({ name, type }) => (type === 'ignored' ? [] : [name])))
  const missing = names.filter((name) => !known.has(name))
  if (missing.length === 0) return
  const what = missing.length === 1 ? `column ${missing[0]}` : `columns ${shownNames(missing)}`
  throw new DatasetError('invalid-dataset', `the rows have no ${what}, which the network was trained with`)
}

function checkSize(view: Float32Array, expected: number): void {
  if (view.length !== expected)
    throw new RangeError(`a view holds ${view.length} numbers, ${expected} are needed`)
}

function writeInputs(part: Part, coding: Coding, inputs: Float32Array): void {
  const width = inputsOf(coding)
  const placeByName = new Map(part.table.columns.map(({ name }, place) => [name, place]))
  const writers = new Map<number, ColumnWriter>()
  let offset = 0
  for (const feature of coding.features) {
    const place = placeByName.get(feature.name) ?? -1
    writers.set(place, inputWriter(part, place, feature, { inputs, width, offset }))
    offset += codedWidth(feature)
  }
  inputs.fill(0)
  eachColumn(part, [...writers.keys()], (place, values, chosen, first) =>
    writers.get(place)?.(values, chosen, first),
  )
}
