/** The axes of the parameters of a sweep, from 0 to 1. A range is numeric; listed values are evenly spaced. */
import type { Sweep } from '../api/types.js'
import { ticksBetween } from '../draw/ticks.js'
import { short } from '../format.js'
import { isAccuracy, type Metric, metricTitle, scoreText, valueText } from './names.js'
import type { ScoredPoint, SweepPoint } from './points.js'

export interface Axis {
  name: string
  position(value: unknown): number
  ticks: readonly { position: number; text: string }[]
}

export type Parameter = Sweep['parameters'][number]

/** Where values begin on an axis with points that leave the place as in the spec. These are at 0. */
const firstPosition = 0.15
/** Less distance between two ticks would overlap their texts. */
const tickDistance = 0.07
const manyValues = 14
/** A score axis is logarithmic if its ends have at least this ratio. */
const wideRatio = 100

export function parameterAxis(parameter: Parameter, name: string, points: readonly SweepPoint[]): Axis {
  const { path, values, min = 0, max = 1, scale } = parameter
  const axis = values === undefined ? rangeAxis(name, min, max, scale === 'log') : listAxis(name, values)
  const hasMissing = points.some((point) => point.values[path] === undefined)
  return hasMissing ? withMissing(axis) : axis
}

export function scoreAxis(metric: Metric, points: readonly ScoredPoint[]): Axis {
  const scores = points.map(({ score }) => score)
  const least = scores.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY)
  const greatest = scores.reduce((one, other) => Math.max(one, other), Number.NEGATIVE_INFINITY)
  const isLogarithmic = !isAccuracy(metric) && least > 0 && greatest / least >= wideRatio
  const axis = rangeAxis(metricTitle(metric), least, greatest, isLogarithmic, (score) =>
    scoreText(metric, score),
  )
  return greatest > least ? axis : { ...axis, position: () => 0.5, ticks: [] }
}

function rangeAxis(
  name: string,
  min: number,
  max: number,
  isLogarithmic: boolean,
  format: (value: number) => string = short,
): Axis {
  const share = isLogarithmic
    ? (value: number) => Math.log(value / min) / Math.log(max / min)
    : (value: number) => (value - min) / (max - min)
  const between = isLogarithmic ? powersBetween(min, max) : ticksBetween(min, max)
  const inner = between.filter((value) => share(value) > tickDistance && share(value) < 1 - tickDistance)
  return {
    name,
    position: (value) => Math.min(1, Math.max(0, share(Number(value)))),
    ticks: [min, ...inner, max].map((value) => ({ position: share(value), text: format(value) })),
  }
}

function powersBetween(min: number, max: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(min)), Math.floor(Math.log10(max))]
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => Number(`1e${first + index}`))
}

function listAxis(name: string, values: readonly unknown[]): Axis {
  const places = new Map(values.map((value, index) => [JSON.stringify(value), index]))
  const share = (index: number) => (values.length === 1 ? 0.5 : index / (values.length - 1))
  const stride = Math.ceil(values.length / manyValues)
  return {
    name,
    position: (value) => share(places.get(JSON.stringify(value)) ?? 0),
    ticks: values.flatMap((value, index) =>
      index % stride === 0 ? [{ position: share(index), text: valueText(value) }] : [],
    ),
  }
}

function withMissing({ name, position, ticks }: Axis): Axis {
  const raised = (share: number) => firstPosition + share * (1 - firstPosition)
  return {
    name,
    position: (value) => (value === undefined ? 0 : raised(position(value))),
    ticks: [
      { position: 0, text: valueText(undefined) },
      ...ticks.map((tick) => ({ ...tick, position: raised(tick.position) })),
    ],
  }
}
