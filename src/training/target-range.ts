/**
 * Refuses targets that the loss does not accept or the last layer cannot reach. Reads only the description of the
 * columns.
 */
import type { Column, Scaling } from '../contract/dataset.js'
import type { JobSpec } from '../contract/job-spec.js'
import { activations, type Loss, losses } from '../contract/network.js'
import { isRegression } from '../datasets/target-coding.js'
import type { DataDescription } from './data-description.js'
import type { TrainedTarget } from './target-scaling.js'

/** With at most this many integers, a column may have classes. With more, it has amounts. */
const mostClasses = 256

/** Why a numeric target cannot be trained, and the remedy. Undefined if it can. */
export function rangeRefusal(
  { origin, columns }: Pick<DataDescription, 'origin' | 'columns'>,
  target: TrainedTarget & { scaling: Scaling },
): string | undefined {
  for (const column of columns) {
    const { role, type, min, max } = column
    if (role !== 'target' || type !== 'number' || min === undefined || max === undefined) continue
    const refusal = findRefusal({ ...column, min, max, canUpload: origin === 'uploaded' }, target)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** Why a number target has amounts instead of classes. Undefined if it may have classes. */
export function amountRefusal({ columns }: Pick<DataDescription, 'columns'>): string | undefined {
  const targets = columns.filter((column) => column.role === 'target')
  const [column] = targets
  if (targets.length !== 1 || column?.type !== 'number') return undefined
  const { min, max, integers } = column
  if (min === undefined || max === undefined) return undefined
  if (integers !== false && max - min < mostClasses) return undefined
  const range = describeRange({ ...column, min, max })
  const fractions = integers === false ? ' with fractions' : ''
  return `${range}${fractions}, but categoricalCrossentropy takes class numbers: ${asNumber}`
}

/** Advice for numeric classes with the last layer of a regression. */
export function numberHint({ columns }: Pick<DataDescription, 'columns'>, loss: Loss): string | undefined {
  const targets = columns.filter((column) => column.role === 'target')
  const [column] = targets
  if (targets.length !== 1 || column?.type !== 'category' || !isRegression(loss)) return undefined
  const areNumbers = column.categories?.every((name) => name.trim() !== '' && Number.isFinite(Number(name)))
  if (areNumbers !== true) return undefined
  return `; or, as its classes are numbers, upload with types=${column.name}:number`
}

/** The largest finite number of 32 bits: (2 − 2⁻²³) · 2¹²⁷. */
const largestFloat = (2 - 2 ** -23) * 2 ** 127

/** Which scaled numbers do not fit into 32 bits, and the remedy. */
export function magnitudeRefusal(
  { columns }: Pick<DataDescription, 'columns'>,
  { scaling, targetScaling }: Pick<JobSpec, 'scaling' | 'targetScaling'>,
): { field: 'scaling' | 'targetScaling'; message: string } | undefined {
  for (const { name, type, role, min = 0, max = 0 } of columns) {
    const field = role === 'target' ? 'targetScaling' : 'scaling'
    const isAsItIs = (role === 'target' ? targetScaling : scaling) === 'none'
    if (type !== 'number' || role === 'none' || !isAsItIs) continue
    const largest = -min > max ? min : max
    if (Math.abs(largest) <= largestFloat) continue
    const message = `${name} has ${largest}, but a network computes with numbers up to ${largestFloat.toPrecision(5)}: set "${field}": "standardize"`
    return { field, message }
  }
  return undefined
}

interface NumberTarget extends Column {
  min: number
  max: number
  /** Whether an upload can set the type of the column. */
  canUpload: boolean
}

function findRefusal(column: NumberTarget, target: TrainedTarget & { scaling: Scaling }): string | undefined {
  const { coding, loss, activation, scaling } = target
  if (coding.type === 'oneHot') return classNumberRefusal(column, coding.classes.length)
  if (losses[loss].targets === 'zeroOrOne') return zeroOrOneRefusal(column, loss)
  if (!isRegression(loss)) return probabilityRefusal(column, loss)
  if (scaling !== 'none') return undefined
  const { least, most } = activations[activation]
  if (column.min >= least && column.max <= most) return undefined
  const bounds = most === Number.POSITIVE_INFINITY ? `below ${least}` : `outside ${least} to ${most}`
  const scale = activation === 'softmax' ? '' : ', or set "targetScaling": "minMax"'
  return `${describeRange(column)}, but ${activation} has no outputs ${bounds}: end with linear${scale}`
}

const describeRange = ({ name, min, max }: Pick<NumberTarget, 'name' | 'min' | 'max'>) =>
  min === max ? `${name} is ${short(min)} in every row` : `${name} goes from ${short(min)} to ${short(max)}`

/** Formats a number with enough digits to recognize it. */
const short = (value: number) => Number(value.toPrecision(7))

const asNumber = 'for a number, use meanSquaredError and end with linear'

/** How to turn integers into classes. */
function asClasses({ name, min, canUpload }: NumberTarget): string {
  const subtract = min > 0 ? `subtract ${min}` : min < 0 ? `add ${-min}` : ''
  const upload = canUpload ? `upload with types=${name}:category` : ''
  return [upload, subtract].filter((remedy) => remedy !== '').join(', or ')
}

const mayBeClasses = ({ min, max, integers, canUpload }: NumberTarget) =>
  integers !== false && max - min < mostClasses && (canUpload || min !== 0)

function classNumberRefusal(column: NumberTarget, classes: number): string | undefined {
  const { name, min, max, integers } = column
  const fits = min >= 0 && max < classes
  if (fits && integers !== false) return undefined
  const taken = `categoricalCrossentropy with ${classes} units takes the class numbers 0 to ${classes - 1}`
  if (integers === false || max - min >= mostClasses) {
    return `${describeRange(column)}${integers === false ? ' with fractions' : ''}, but ${taken}: ${asNumber}`
  }
  if (max - min < classes)
    return `${describeRange(column)}, but ${taken}: these are class names: ${asClasses(column)}`
  const units = `give the last layer ${max - Math.min(0, min) + 1} units for as many classes`
  const remedies = [asClasses(column), min >= 0 ? units : ''].filter((remedy) => remedy !== '').join(', or ')
  return `${describeRange(column)}, but ${taken}: if ${name} names classes, ${remedies}; ${asNumber}`
}

function probabilityRefusal(column: NumberTarget, loss: string): string | undefined {
  const { name, min, max } = column
  if (min >= 0 && max <= 1) return undefined
  const taken = `${loss} takes targets from 0 to 1`
  const isTwoClasses = column.integers !== false && max - min === 1
  if (isTwoClasses)
    return `${describeRange(column)}, but ${taken}: these are class names: ${asClasses(column)}`
  const classes =
    mayBeClasses(column) && column.canUpload ? `; if ${name} names classes, ${asUpload(name)}` : ''
  return `${describeRange(column)}, but ${taken}: ${asNumber}${classes}`
}

const asUpload = (name: string) => `upload with types=${name}:category`

function zeroOrOneRefusal(column: NumberTarget, loss: string): string | undefined {
  const { name, min, max, integers } = column
  if (min >= 0 && max <= 1 && (integers ?? (min === max || max - min === 1))) return undefined
  const taken = `${loss} takes targets of 0 and 1`
  if (min === -1 && max === 1 && integers !== false)
    return `${describeRange(column)}, but ${taken}: write 0 for −1`
  const isTwoClasses = integers !== false && max - min === 1
  if (isTwoClasses)
    return `${describeRange(column)}, but ${taken}: these are class names: ${asClasses(column)}`
  const fractions = integers === false ? ' with fractions' : ''
  const classes =
    mayBeClasses(column) && column.canUpload ? `; if ${name} names classes, ${asUpload(name)}` : ''
  return `${describeRange(column)}${fractions}, but ${taken}: ${asNumber}${classes}`
}
