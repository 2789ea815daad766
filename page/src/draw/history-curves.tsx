/** The curves of one run: training and validation, thinned to what a screen can show. */
import type uPlot from 'uplot'
import { type EpochHistory, isShare, type Metric, metricNames, smoothed, thinnedPlaces } from '../history.js'
import { type Curve, Curves } from './curves.js'

/** Beyond this many points only the extremes of every column of the screen are drawn. */
const maxPoints = 4_000

interface Props {
  history: EpochHistory
  /** All losses, or all accuracies. */
  metrics: readonly [Metric, ...Metric[]]
  version: number
  logarithmic?: boolean
  smoothing?: number
  height?: number
  mark?: number | undefined
  /** The epoch whose weights the model holds. */
  best?: number | undefined
  /** What the loss is called on the axis, with its scale. */
  lossName?: string
  /** Other names than the usual ones. */
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
  const places = thinnedPlaces(columns, maxPoints, history.epochs.indexOf(props.best ?? Number.NaN))
  const pick = <T,>(values: T[]): T[] =>
    places === null ? values : places.map((place) => values[place] as T)
  const data = [
    places === null ? [...history.epochs] : pick(history.epochs),
    ...columns.map((column) => drawable(pick(column), logarithmic)),
  ] as uPlot.AlignedData
  const metricLabel = (metric: Metric) => names?.[metric] ?? metricNames[metric]
  const curves = shown.map((metric) => ({ label: metricLabel(metric), ...styles[metric] }))
  const last = shown.map((metric) => `${metricLabel(metric)} ${history.columns[metric].at(-1) ?? 'none'}`)
  const best = rest.best === undefined ? '' : ` The best epoch is ${rest.best}.`
  return (
    <Curves
      {...rest}
      data={data}
      curves={curves}
      logarithmic={logarithmic}
      yLabel={isShare(metrics[0]) ? 'accuracy' : lossName}
      shares={isShare(metrics[0])}
      label={`Curves over ${history.length} epochs. At the end: ${last.join(', ')}.${best}`}
    />
  )
}

/** Zero has no logarithm. */
export function drawable(values: (number | null)[], logarithmic: boolean): (number | null)[] {
  return logarithmic ? values.map((value) => (value !== null && value > 0 ? value : null)) : values
}
