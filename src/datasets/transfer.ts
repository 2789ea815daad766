/** What a model was taught goes to another dataset by name: which of its inputs and outputs are which of the new ones. */
import {
  type Coding,
  type Column,
  datePartSchema,
  type ImageFormat,
  type TargetCoding,
} from '../contract/dataset.js'
import { shown } from './shown-text.js'

/** A feature as columns and codings both describe it. */
export type Feature = Pick<Column, 'name' | 'type' | 'categories'>

/** What of a coding, or of the columns that it will be learned from, decides what is where. */
export interface Ends {
  features: readonly Feature[]
  target: TargetCoding
}

/** The columns that are features; `sampleWeight` names one that is none. */
export function featuresOf(columns: readonly Column[], sampleWeight?: string): Column[] {
  return columns.filter(({ role, name }) => role === 'feature' && name !== sampleWeight)
}

/** What only the new dataset has and what only the model knows, in words; both empty where they are the same. */
export interface Mismatch {
  added: string[]
  missing: string[]
}

export const isMatch = ({ added, missing }: Mismatch) => added.length === 0 && missing.length === 0

/** @param columns of the new dataset; `sampleWeight` names the one that is no feature */
export function mismatchOf(source: Ends, columns: readonly Column[], sampleWeight?: string): Mismatch {
  const parts = [
    difference(source.features, featuresOf(columns, sampleWeight)),
    targetDifference(source.target, columns),
  ]
  const without = (names: string[], others: string[]) => {
    const known = new Set(others)
    return names.filter((name) => !known.has(name))
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

/** The features and their categories; categories only of features that both have. */
function difference(before: readonly Feature[], now: readonly Feature[]): Names {
  const typesOf = (features: readonly Feature[]) => new Map(features.map(({ name, type }) => [name, type]))
  const wordsOf = (features: readonly Feature[], others: ReadonlyMap<string, Column['type']>) =>
    features.flatMap(({ name, type, categories = [] }) => {
      const other = others.get(name)
      if (other === undefined) return [`column ${shown(name)}`]
      if (other !== type) return [`column ${shown(name)} as a ${type}`]
      return type === 'category' ? categories.map((each) => `category ${shown(each)} of ${name}`) : []
    })
  return { before: wordsOf(before, typesOf(now)), now: wordsOf(now, typesOf(before)) }
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
  // Class numbers under categoricalCrossentropy have no names.
  if (only.categories === undefined) return { before: [], now: [] }
  const classes = (list: readonly string[]) => list.map((name) => `class ${shown(name)} of ${only.name}`)
  return { before: classes(target.classes), now: classes(only.categories) }
}

/** For each number that the new features give the network, its place among those of the model; −1 for a new one. */
export function inputPlaces(source: readonly Feature[], features: readonly Feature[]): Int32Array {
  const before = new Map(inputNames(source).map((name, place) => [name, place]))
  return Int32Array.from(inputNames(features), (name) => before.get(name) ?? -1)
}

/** A name for each number that the features give the network, the same for numbers that mean the same. */
export function inputNames(features: readonly Feature[]): string[] {
  return features.flatMap(({ name, type, categories = [] }) => {
    const parts = type === 'category' ? categories : type === 'date' ? datePartSchema.options : ['']
    return parts.map((part) => JSON.stringify([name, type, part]))
  })
}

/** For each output of the new network, its place among those of the model; −1 for a new one. */
export function outputPlaces(source: TargetCoding, target: TargetCoding): Int32Array {
  const before = new Map(outputsOf(source).map((output, place) => [output, place]))
  return Int32Array.from(outputsOf(target), (output) => before.get(output) ?? -1)
}

function outputsOf(target: TargetCoding): string[] {
  switch (target.type) {
    case 'oneHot':
      return target.classes.map((name) => JSON.stringify([target.name, name]))
    case 'binary':
      return [yesOrNo(target) ? target.name : JSON.stringify([target.name, ...target.classes])]
    case 'number':
    case 'multiLabel':
      return target.names
    default:
      return target satisfies never
  }
}

/** Classes that a number of 0 or 1 says as well. */
const yesOrNo = ({ classes }: { classes: readonly string[] }) =>
  ['false,true', '0,1'].includes(classes.join())

/** Whether both are pictures of one size and number of channels, or none is a picture; true where it is not known. */
export function isSameImage(source: Pick<Coding, 'image'>, image: ImageFormat | null): boolean {
  if (source.image === undefined || image === null) return true
  const { width, height, channels } = source.image
  return width === image.width && height === image.height && channels === image.channels
}
