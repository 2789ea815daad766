/** Refuses weights of classes and rows that do not fit the dataset. */

import { didYouMean } from '../base/similar-names.js'
import type { Column, TargetCoding } from '../contract/dataset.js'
import type { JobRequest } from '../contract/job-request.js'
import type { JobSpec } from '../contract/job-spec.js'
import { pointerTo } from '../contract/problems.js'
import { shownNames } from '../datasets/shown-text.js'
import { SpecError } from '../engine/index.js'

/** @throws SpecError if the target is no class, or has no class of that name */
export function checkClassWeight(
  { classWeight }: Pick<JobRequest, 'classWeight'>,
  coding: TargetCoding,
): void {
  if (classWeight === undefined) return
  if (!('classes' in coding)) {
    const names = shownNames(coding.names)
    const message = `classWeight needs one target with classes, but ${names} ${coding.names.length === 1 ? 'has none' : 'are several targets'}: omit it, or upload with types=${coding.names[0]}:category`
    throw new SpecError('/classWeight', message)
  }
  if (classWeight === 'balanced') return
  const { name, classes } = coding
  const unknown = Object.keys(classWeight).find((key) => !classes.includes(key))
  if (unknown === undefined) return
  const message = `${name} has no class "${unknown}": its classes are ${shownNames(classes)}${didYouMean(unknown, classes)}`
  throw new SpecError(pointerTo(['classWeight', unknown]), message)
}

/** @throws SpecError if a row does not exist, no row remains, or batch normalization would still see them */
export function checkExcludedRows(
  { excludedRows, network }: Pick<JobSpec, 'excludedRows' | 'network'>,
  { rows }: { rows: number },
): void {
  if (excludedRows === undefined) return
  const wrong = excludedRows.findIndex((row) => row >= rows)
  if (wrong >= 0) {
    const message = `there is no row ${excludedRows[wrong]}: the dataset has ${rows} rows, numbered from 0`
    throw new SpecError(pointerTo(['excludedRows', wrong]), message)
  }
  if (new Set(excludedRows).size === rows)
    throw new SpecError('/excludedRows', 'no row would be left to train on')
  if (network.layers.some(({ type }) => type === 'batchNormalization')) {
    const message =
      'batch normalization uses all rows of a batch, also excluded ones: upload the data without these rows'
    throw new SpecError('/excludedRows', message)
  }
}

/** @throws SpecError unless the numbers of the column are known, 0 or more, and not all 0 */
export function checkSampleWeight(
  { sampleWeight }: Pick<JobRequest, 'sampleWeight'>,
  { columns, inputShape }: { columns: readonly Column[]; inputShape: readonly number[] },
): void {
  if (sampleWeight === undefined) return
  const refusal = sampleWeightRefusal(sampleWeight, columns, inputShape)
  if (refusal !== undefined) throw new SpecError('/sampleWeight', refusal)
}

function sampleWeightRefusal(
  name: string,
  columns: readonly Column[],
  inputShape: readonly number[],
): string | undefined {
  const column = columns.find((candidate) => candidate.name === name)
  if (column === undefined) {
    const numbers = columns
      .filter(({ type, role }) => type === 'number' && role === 'feature')
      .map((candidate) => candidate.name)
    const among = numbers.length === 0 ? 'there are none' : shownNames(numbers)
    return `there is no column "${name}"; its number columns are: ${among}${didYouMean(name, numbers)}`
  }
  const { type, role, min = 0, max = 0, missing = 0, imputation } = column
  if (role === 'target') return `${name} is the target, so it cannot be the weight`
  if (type === 'ignored' || role === 'none') {
    return `${name} is ignored, so its values are not stored: upload with types=${name}:number`
  }
  if (type !== 'number') return `${name} is a ${type}, but weights must be numbers`
  if (inputShape.length > 1) return `the features are one picture or signal, of which ${name} is a part`
  if (min < 0) return `the lowest value of ${name} is ${min}, but a weight must be at least 0`
  if (max === 0) return `${name} is 0 in every row, so no row would count`
  if (missing > 0 && imputation !== undefined) {
    return `${name} has imputed values in ${missing} rows: upload with missing=${name}:drop, or complete the weights in the file`
  }
  if (!columns.some((other) => other.role === 'feature' && other.name !== name)) {
    return `${name} is the only feature, and a weight is not a feature: add another feature`
  }
  return undefined
}
