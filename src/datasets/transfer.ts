/** Maps the inputs and outputs of a model to those of a new dataset by name, for transfer learning. */
import {
  type Coding,
  type Column,
  datePartSchema,
  type ImageFormat,
  type TargetCoding,
} from '../contract/dataset.js'
import { type Derivation, derivationKey, derivedName } from './derivation.js'
import { shown } from './shown-text.js'

/** The properties of a feature that columns and codings share. */
type Feature = Pick<Column, 'name' | 'type' | 'categories'>

/** The features and target of a coding, or of the columns that it will be learned from. */
export interface Ends {
  features: readonly Feature[]
  derived?: readonly Derivation[] | undefined
  target: TargetCoding
}
type Inputs = Pick<Ends, 'features' | 'derived'>

/** The feature columns, without the column of sample weights. */
export function featureColumns(columns: readonly Column[], sampleWeight?: string): Column[] {
  return columns.filter(({ role, name }) => role === 'feature' && name !== sampleWeight)
}

/** Descriptions of what only the new dataset has (`added`) and what only the model has (`missing`). */
interface Mismatch {
  added: string[]
  missing: string[]
}

export const isMatch = ({ added, missing }: Mismatch) => added.length === 0 && missing.length === 0

/** @param columns the columns of the new dataset */
export function findMismatch(
  source: Ends,
  columns: readonly Column[],
  { sampleWeight, derived = [] }: { sampleWeight?: string | undefined; derived?: readonly Derivation[] } = {},
): Mismatch {
  const parts = [
    difference(source.features, featureColumns(columns, sampleWeight)),
    derivedDifference(source.derived, derived),
    targetDifference(source.target, columns),
  ]
  const without = (names: string[], others: string[]) => {
    const otherNames = new Set(others)
    return names.filter((name) => !otherNames.has(name))
  }
  return {
    added: parts.flatMap(({ now, before }) => without(now, before)),
    missing: parts.flatMap(({ now, before }) => without(before, now)),
  }
}

interface Names {
  before: string[]
  now: string[]
}

/** Describes features, and the categories of those that both have. */
function difference(before: readonly Feature[], now: readonly Feature[]): Names {
  const typesByName = (features: readonly Feature[]) =>
    new Map(features.map(({ name, type }) => [name, type]))
  const describe = (features: readonly Feature[], others: ReadonlyMap<string, Column['type']>) =>
    features.flatMap(({ name, type, categories = [] }) => {
      const other = others.get(name)
      if (other === undefined) return [`column ${shown(name)}`]
      if (other !== type) return [`column ${shown(name)} as a ${type}`]
      return type === 'category' ? categories.map((category) => `category ${shown(category)} of ${name}`) : []
    })
  return { before: describe(before, typesByName(now)), now: describe(now, typesByName(before)) }
}

function derivedDifference(before: readonly Derivation[] = [], now: readonly Derivation[] = []): Names {
  const describe = (list: readonly Derivation[]) =>
    list.map((each) => `derived feature ${shown(derivedName(each))}`)
  return { before: describe(before), now: describe(now) }
}

function targetDifference(target: TargetCoding, columns: readonly Column[]): Names {
  const targets = columns.filter(({ role }) => role === 'target')
  const names = (list: readonly string[]) => list.map((name) => `target ${shown(name)}`)
  if (!('classes' in target))
    return { before: names(target.names), now: names(targets.map(({ name }) => name)) }
  const [only] = targets
  if (targets.length !== 1 || only.name !== target.name) {
    return { before: names([target.name]), now: names(targets.map(({ name }) => name)) }
  }
  // Class indices under categoricalCrossentropy have no names.
  if (only.categories === undefined) return { before: [], now: [] }
  const classes = (list: readonly string[]) => list.map((name) => `class ${shown(name)} of ${only.name}`)
  return { before: classes(target.classes), now: classes(only.categories) }
}

/** For each new network input its index in the model, −1 for a new one. */
export function inputPlaces(source: Inputs, inputs: Inputs): Int32Array {
  const before = new Map(inputNames(source).map((name, index) => [name, index]))
  return Int32Array.from(inputNames(inputs), (name) => before.get(name) ?? -1)
}

/** A name for each network input. Inputs with the same meaning have the same name. */
export function inputNames({ features, derived = [] }: Inputs): string[] {
  const ofColumns = features.flatMap(({ name, type, categories = [] }) => {
    const parts = type === 'category' ? categories : type === 'date' ? datePartSchema.options : ['']
    return parts.map((part) => JSON.stringify([name, type, part]))
  })
  return [...ofColumns, ...derived.map((each) => `derived ${derivationKey(each)}`)]
}

/** For each new network output its index in the model, −1 for a new one. */
export function outputPlaces(source: TargetCoding, target: TargetCoding): Int32Array {
  const before = new Map(outputNames(source).map((output, index) => [output, index]))
  return Int32Array.from(outputNames(target), (output) => before.get(output) ?? -1)
}

function outputNames(target: TargetCoding): string[] {
  switch (target.type) {
    case 'oneHot':
      return target.classes.map((name) => JSON.stringify([target.name, name]))
    case 'binary':
      return [isBooleanTarget(target) ? target.name : JSON.stringify([target.name, ...target.classes])]
    case 'number':
    case 'multiLabel':
      return target.names
    default:
      return target satisfies never
  }
}

/** Whether the classes are equivalent to the numbers 0 and 1. */
const isBooleanTarget = ({ classes }: { classes: readonly string[] }) =>
  ['false,true', '0,1'].includes(classes.join())

/**
 * Whether both are images of the same size and number of channels. True if either is not known to be an
 * image.
 */
export function isSameImage(source: Pick<Coding, 'image'>, image: ImageFormat | null): boolean {
  if (source.image === undefined || image === null) return true
  const { width, height, channels } = source.image
  return width === image.width && height === image.height && channels === image.channels
}
