/** Scales number targets for training, and back to their own unit. */
import type { Scaling, TargetCoding } from '../contract/dataset.js'
import { type Part, readColumn } from './feature-coding.js'
import { computeScale } from './scale.js'
import { codeNumbers } from './stored-values.js'

type NumberTarget = TargetCoding & { type: 'number' }

/** Learns the scale of each target from the training rows. Returns undefined for `none`. */
export function learnTargetScaling(
  { table, rows }: Part,
  names: readonly string[],
  method: Scaling,
): NumberTarget['scaling'] {
  if (method === 'none') return undefined
  const scales = names.map((name) => {
    const index = table.columns.findIndex((column) => column.name === name)
    const numbers = codeNumbers(table.columns[index])
    const values = readColumn({ table, rows }, index)
    return computeScale(method, numbers === null ? values : values.map((code) => numbers[code]))
  })
  return { method, offset: scales.map(({ offset }) => offset), scale: scales.map(({ scale }) => scale) }
}

/** Scales a target for the loss. */
export function scaleTarget(coding: TargetCoding, output: number, value: number): number {
  if (coding.type !== 'number' || coding.scaling === undefined) return value
  const { offset, scale } = coding.scaling
  return (value - offset[output]) / scale[output]
}

/** Converts an output of the network, or an encoded target, to the unit of the target. */
export function unscaleTarget(coding: TargetCoding, output: number, value: number): number {
  if (coding.type !== 'number' || coding.scaling === undefined) return value
  const { offset, scale } = coding.scaling
  return value * scale[output] + offset[output]
}
