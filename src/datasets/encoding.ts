/** Encodes the rows of a table as float32 inputs and targets of a network. */
import type { Coding, ImageFormat, Scaling } from '../contract/dataset.js'
import type { DerivedCoding, DerivedFeature } from '../contract/derived-feature.js'
import type { Loss } from '../contract/network.js'
import { inheritDerived, learnDerived, writeDerived } from './derived-features.js'
import { featureWidth, forEachColumn, inputCount, learnFeatures, type Part } from './feature-coding.js'
import { type Inheritance, inheritFeature, inheritTargetScaling } from './inherited-coding.js'
import { type ColumnWriter, inputWriter } from './input-writers.js'
import { isWeighted, type RowWeights, withoutExcluded, writeWeights } from './row-weights.js'
import { shownNames } from './shown-text.js'
import { DatasetError, type Table } from './table.js'
import { canScaleTargets, type Outputs, targetCoding, targetNames, targetWidth } from './target-coding.js'
import { learnTargetScaling } from './target-scaling.js'
import { writeTargets } from './target-writing.js'

/**
 * Output buffers in row-major order. X is [rows, inputs]. Y is [rows, target width], with one more column for
 * row weights if there are any.
 */
export interface EncodedViews {
  trainingX: Float32Array
  trainingY: Float32Array
  validationX: Float32Array
  validationY: Float32Array
}

export interface EncodingOptions extends Outputs, RowWeights {
  scaling: Scaling
  /** Default `none`. */
  targetScaling?: Scaling
  derivedFeatures?: readonly DerivedFeature[]
  /** Set if the features are the pixels of an image, which share one scale. */
  image: ImageFormat | null
  /** The coding to inherit from the model whose weights the training starts from. */
  inheritance?: Inheritance | null
}

/**
 * Learns the coding from the training rows and writes all encoded rows into the views. Validation rows may be
 * from another table with the same columns.
 * @throws DatasetError naming row and column when the target does not match the outputs or the loss, or a
 *   value exceeds the range of float32
 * @throws RangeError when a view has the wrong size
 */
export function encode(
  training: Part,
  validation: Part,
  options: EncodingOptions,
  views: EncodedViews,
): Coding {
  const coding = learnCoding(withoutExcluded(training, options), options)
  const inputs = inputCount(coding)
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
 * Encodes rows of any table by the coding of a model. Columns match by name. `x` is [rows, inputs], `y` is
 * [rows, target width] without weights. Converts numbers to categories and back if the column type differs
 * from the coding. Categories without training rows are encoded as zeros.
 * @param y null to encode no targets, which may then be absent
 * @throws DatasetError naming missing columns, unknown classes, or row and column of a value that cannot be
 *   encoded
 */
export function encodeByCoding(
  part: Part,
  coding: Coding,
  loss: Loss,
  x: Float32Array,
  y: Float32Array | null,
): void {
  checkSize(x, part.rows.length * inputCount(coding))
  checkColumns(part.table, y === null ? featureNames(coding) : columnNames(coding))
  writeInputs(part, coding, x)
  if (y === null) return
  const stride = targetWidth(coding.target)
  checkSize(y, part.rows.length * stride)
  writeTargets(part, coding.target, loss, { y, stride })
}

/** Learns the coding from the training rows, except for what is inherited from a model. */
function learnCoding(training: Part, options: EncodingOptions): Coding {
  if (training.rows.length === 0) throw new DatasetError('invalid-dataset', 'there are no rows to train on')
  const { image, scaling, sampleWeight, derivedFeatures = [], inheritance = null } = options
  const { columns } = training.table
  const learned = learnFeatures(training, { scaling, sampleWeight, sharesScale: image !== null })
  const byName = new Map(columns.map((column) => [column.name, column]))
  const features =
    inheritance === null
      ? learned
      : learned.map((feature) => inheritFeature(feature, byName.get(feature.name), inheritance))
  const derived = learnDerived(training, features, derivedFeatures, scaling)
  const used = new Set(features.map(({ name }) => name))
  const pixels = columns.filter(({ name }) => used.has(name))
  return {
    features,
    ...(derived.length === 0 ? {} : { derived: scaledAlike(derived, inheritance) }),
    target: learnTarget(training, options),
    ignored: columns.flatMap(({ name }) => (used.has(name) ? [] : [name])),
    ...(image === null
      ? {}
      : { image: { ...image, white: pixels.some(({ max = 0 }) => max > 1) ? 255 : 1 } }),
  }
}

function scaledAlike(learned: DerivedCoding[], inheritance: Inheritance | null): DerivedCoding[] {
  return inheritance?.scaling === true ? inheritDerived(learned, inheritance.coding) : learned
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
  const present = new Set(columns.flatMap(({ name, type }) => (type === 'ignored' ? [] : [name])))
  const missing = names.filter((name) => !present.has(name))
  if (missing.length === 0) return
  const what = missing.length === 1 ? `column ${missing[0]}` : `columns ${shownNames(missing)}`
  throw new DatasetError('invalid-dataset', `the rows have no ${what}, which the network was trained on`)
}

function checkSize(view: Float32Array, expected: number): void {
  if (view.length !== expected)
    throw new RangeError(`a view has ${view.length} numbers, ${expected} are expected`)
}

function writeInputs(part: Part, coding: Coding, inputs: Float32Array): void {
  const width = inputCount(coding)
  const placeByName = new Map(part.table.columns.map(({ name }, index) => [name, index]))
  const writers = new Map<number, ColumnWriter>()
  let offset = 0
  for (const feature of coding.features) {
    const index = placeByName.get(feature.name) ?? -1
    writers.set(index, inputWriter(part, index, feature, { inputs, width, offset }))
    offset += featureWidth(feature)
  }
  inputs.fill(0)
  forEachColumn(part, [...writers.keys()], (index, values, chosen, first) =>
    writers.get(index)?.(values, chosen, first),
  )
  writeDerived(part, coding, inputs, width)
}
