/** Number targets on the scale on which they are trained, and back in their own units. */
import type { Scaling, TargetCoding } from '../contract/dataset.js'
import { numbersOfCodes } from './column-meaning.js'
import { columnOf, type Part } from './feature-coding.js'
import { scaleOf } from './scale.js'

type NumberTarget = TargetCoding & { type: 'number' }

/** The scale of each target, learned from the training rows; undefined with `none`. */
export function learnTargetScaling(
  { table, rows }: Part,
  names: readonly string[],
  method: Scaling,
): NumberTarget['scaling'] {
  if (method === 'none') return undefined
  const scales = names.map((name) => {
    const place = table.columns.findIndex((column) => column.name === name)
    const numbers = numbersOfCodes(table.columns[place])
    const values = columnOf({ table, rows }, place)
    return scaleOf(method, numbers === null ? values : values.map((code) => numbers[code]))
  })
  return { method, offset: scales.map(({ offset }) => offset), scale: scales.map(({ scale }) => scale) }
}

/** A target's value as the loss sees it. */
export function scaleTarget(coding: TargetCoding, output: number, value: number): number {
  if (coding.type !== 'number' || coding.scaling === undefined) return value
  const { offset, scale } = coding.scaling
  return (value - offset[output]) / scale[output]
}

/** An output of the network, or an encoded target, in the unit of the target. */
export function unscaleTarget(coding: TargetCoding, output: number, value: number): number {
  if (coding.type !== 'number' || coding.scaling === undefined) return value
  const { offset, scale } = coding.scaling
  return value * scale[output] + offset[output]
}
