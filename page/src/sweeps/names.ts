/** Short texts for the parameters, values and scores of a sweep. */
import type { Sweep } from '../api/types.js'
import { percent, short } from '../format.js'

/** `/network/layers/0/units` is `layer 1 units`; `/optimizer/learningRate` is `learningRate`. */
function lastSteps(path: string): string {
  const layer = /^\/network\/layers\/(\d+)(?:\/(.+))?$/.exec(path)
  if (layer !== null) return `layer ${Number(layer[1]) + 1}${layer[2] === undefined ? '' : ` ${layer[2]}`}`
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Names of the parameters by path. A path whose short name is not unique is its own name. */
export function parameterNames(paths: readonly string[]): ReadonlyMap<string, string> {
  const all = paths.map(lastSteps)
  return new Map(
    paths.map((path, index) => {
      const name = all[index] ?? path
      return [path, all.filter((other) => other === name).length === 1 ? name : path]
    }),
  )
}

/** `undefined` is a place that the point leaves as in the spec. */
export function valueText(value: unknown): string {
  if (value === undefined) return '–'
  if (typeof value === 'number') return short(value)
  if (typeof value === 'string') return value
  return typedText(value) ?? JSON.stringify(value)
}

/** `dense 32 relu` for a layer, `adam 0.01` for an optimizer. Undefined for a value with two numbers or other parts. */
function typedText(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined
  const { type, ...others } = value
  const settings = Object.values(others)
  const numbers = settings.filter((each) => typeof each === 'number')
  const words = settings.filter((each) => typeof each === 'string')
  if (numbers.length > 1 || numbers.length + words.length < settings.length) return undefined
  return [type, ...settings.map(valueText)].join(' ')
}

export type Metric = Sweep['metric']

export const isAccuracy = (metric: Metric) => metric === 'accuracy' || metric === 'valAccuracy'

export const scoreText = (metric: Metric, score: number | null | undefined) =>
  isAccuracy(metric) ? percent(score) : short(score)

/** `0.034 ± 0.002`, without the deviation if there is none. */
export function scoreWithDeviation(
  metric: Metric,
  { score, deviation }: { score: number | null; deviation: number | null },
): string {
  const text = scoreText(metric, score)
  return deviation === null ? text : `${text} ± ${deviationText(metric, deviation)}`
}

/** Two significant digits, since a few seeds estimate no more. */
export function deviationText(metric: Metric, deviation: number | null): string {
  if (deviation === null) return '–'
  return isAccuracy(metric) ? percent(deviation) : short(Number(deviation.toPrecision(2)))
}

const metricTitles: Record<Metric, string> = {
  loss: 'loss (training)',
  accuracy: 'accuracy (training)',
  valLoss: 'loss (validation)',
  valAccuracy: 'accuracy (validation)',
}

export const metricTitle = (metric: Metric) => metricTitles[metric]

export const sweepTitle = ({ name }: Pick<Sweep, 'name'>) => name ?? 'Untitled sweep'
