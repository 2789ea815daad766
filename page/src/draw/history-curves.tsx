/** The training and validation curves of one run, thinned to the resolution of a screen. */
import type uPlot from 'uplot'
import {
  type EpochHistory,
  isAccuracy,
  type Metric,
  metricNames,
  smoothed,
  thinnedIndices,
} from '../history.js'
import { type Curve, Curves } from './curves.js'

/** Above this many points, only the extremes of each bucket are drawn. */
const maxPoints = 4_000

interface Props {
  history: EpochHistory
  /** Either losses or accuracies. */
  metrics: readonly [Metric, ...Metric[]]
  version: number
  logarithmic?: boolean
  smoothing?: number
  height?: number
  mark?: number | undefined
  /** The epoch whose weights the model has. */
  bestEpoch?: number | undefined
  /** Label of the loss axis, with its scale. */
  lossName?: string
  /** Replaces the default names. */
  names?: Partial<Record<Metric, string>>
}

const styles: Record<Metric, Omit<Curve, 'label'>> = {
  loss: { colour: '--series-1' },
  accuracy: { colour: '--series-1' },
  valLoss: { colour: '--series-2' },
  valAccuracy: { colour: '--series-2' },
}

export function HistoryCurves(props: Props) {
  const { history, metrics, logarithmic = false, smoothing = 0, lossName = 'loss', names, ...rest } = props
  const shown = metrics.filter((metric) => history.has(metric))
  const columns = shown.map((metric) => smoothed(history.columns[metric], smoothing))
  const indices = thinnedIndices(columns, maxPoints, history.epochs.indexOf(props.bestEpoch ?? Number.NaN))
  const pick = <T,>(values: T[]): T[] =>
    indices === null ? values : indices.map((index) => values[index] as T)
  const data = [
    indices === null ? [...history.epochs] : pick(history.epochs),
    ...columns.map((column) => drawable(pick(column), logarithmic)),
  ] as uPlot.AlignedData
  const metricLabel = (metric: Metric) => names?.[metric] ?? metricNames[metric]
  const curves = shown.map((metric) => ({ label: metricLabel(metric), ...styles[metric] }))
  const last = shown.map((metric) => `${metricLabel(metric)} ${history.columns[metric].at(-1) ?? 'none'}`)
  const best = rest.bestEpoch === undefined ? '' : ` The best epoch is ${rest.bestEpoch}.`
  return (
    <Curves
      {...rest}
      data={data}
      curves={curves}
      logarithmic={logarithmic}
      yLabel={isAccuracy(metrics[0]) ? 'accuracy' : lossName}
      asPercent={isAccuracy(metrics[0])}
      label={`Curves over ${history.length} epochs. Last values: ${last.join(', ')}.${best}`}
    />
  )
}

/** Replaces values that have no logarithm by null if the axis is logarithmic. */
export function drawable(values: (number | null)[], logarithmic: boolean): (number | null)[] {
  return logarithmic ? values.map((value) => (value !== null && value > 0 ? value : null)) : values
}
