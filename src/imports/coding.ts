/** The coding of an imported model: that of the form, that of the file, or one that takes numbers as they are. */
import type { Coding, FeatureCoding, TargetCoding } from '../contract/dataset.js'
import type { ModelImport } from '../contract/model-import.js'
import type { Activation } from '../contract/network.js'
import { inputCount } from '../datasets/feature-coding.js'
import { targetWidth } from '../datasets/target-coding.js'
import { checkCoding } from './check-coding.js'
import { refuseField } from './refuse.js'

interface NetworkEnds {
  inputs: number
  outputs: number
  activation: Activation
}

type CodingFields = Pick<ModelImport, 'coding' | 'columns' | 'targets' | 'classes'>

/** @throws Problem `invalid-model` if the coding does not fit the inputs and outputs */
export function resolveCoding(fields: CodingFields, ofFile: Coding | undefined, ends: NetworkEnds): Coding {
  const named = (['columns', 'targets', 'classes'] as const).find((name) => fields[name] !== undefined)
  if (fields.coding === undefined && ofFile !== undefined && named !== undefined) {
    throw refuseField(
      `/${named}`,
      'the file has a coding with names: omit this field, or send coding to replace it',
    )
  }
  const coding = fields.coding ?? ofFile
  if (coding === undefined) {
    checkCount(ends.inputs, 'takes')
    checkCount(ends.outputs, 'gives')
    return { features: plainFeatures(fields.columns, ends.inputs), target: plainTarget(fields, ends) }
  }
  checkCoding(coding)
  checkWidths(coding, ends)
  return coding
}

function checkWidths(coding: Coding, { inputs, outputs }: NetworkEnds): void {
  const features = inputCount(coding)
  if (features !== inputs) {
    throw refuseField('/coding', `its features are ${features} numbers, but the network takes ${inputs}`)
  }
  const targets = targetWidth(coding.target)
  if (targets !== outputs) {
    throw refuseField('/coding', `its target has ${targets} outputs, but the network has ${outputs}`)
  }
}

/** Columns that are named by their place. A coding with categories may have more inputs. */
const maximumColumns = 100_000

function checkCount(count: number, verb: string): void {
  if (count <= maximumColumns) return
  throw refuseField(
    '/coding',
    `the network ${verb} ${count} numbers, and at most ${maximumColumns} are named by default: send a coding`,
  )
}

/** Numbers as they are. */
function plainFeatures(columns: string[] | undefined, inputs: number): FeatureCoding[] {
  const names = columns ?? Array.from({ length: inputs }, (_, index) => `x${index + 1}`)
  if (names.length !== inputs) {
    throw refuseField('/columns', `has ${names.length} names, but the network takes ${inputs} numbers`)
  }
  return names.map((name) => ({ type: 'number', name, offset: 0, scale: 1 }))
}

function plainTarget({ targets, classes }: CodingFields, { outputs }: NetworkEnds): TargetCoding {
  if (classes === undefined) {
    const names = targets ?? numbered(outputs)
    if (names.length === outputs) return { type: 'number', names }
    throw refuseField('/targets', `has ${names.length} names, but the network has ${outputs} outputs`)
  }
  const [name = 'y', second] = targets ?? []
  if (second !== undefined)
    throw refuseField('/targets', 'classes need a single target, but there are several names')
  if (classes.length === outputs && outputs > 1) return { type: 'oneHot', name, classes }
  if (classes.length === 2 && outputs === 1) return { type: 'binary', name, classes }
  throw refuseField('/classes', `has ${classes.length} names, but the network has ${outputs} outputs`)
}

const numbered = (outputs: number) =>
  outputs === 1 ? ['y'] : Array.from({ length: outputs }, (_, index) => `y${index + 1}`)
