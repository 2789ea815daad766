/** The curves of one run: training and validation, thinned to what a screen can show. */
import type uPlot from 'uplot'
import { type EpochHistory, isShare, type Metric, metricNames, smoothed, thinnedPlaces } from '../history.js'
import { type Curve, Curves } from './curves.js'

/** Beyond this many points only the extremes of every column of the screen are drawn. */
const mostPoints = 4_000

interface Props {
  history: EpochHistory
  /** All losses, or all accuracies. */
  metrics: readonly [Metric, ...Metric[]]
  version: number
  logarithmic?: boolean
  smoothing?: number
  height?: number
  mark?: number | undefined
}

const styles: Record<Metric, Omit<Curve, 'label'>> = {
  loss: { colour: '--series-1' },
  accuracy: { colour: '--series-1' },
  valLoss: { colour: '--series-2' },
  valAccuracy: { colour: '--series-2' },
}

export function HistoryCurves({ history, metrics, logarithmic = false, smoothing = 0, ...rest }: Props) {
  const shown = metrics.filter((metric) => history.has(metric))
  const columns = shown.map((metric) => smoothed(history.columns[metric], smoothing))
  const places = thinnedPlaces(columns, mostPoints)
  const pick = <T,>(values: T[]): T[] =>
    places === null ? values : places.map((place) => values[place] as T)
  const data = [
    places === null ? [...history.epochs] : pick(history.epochs),
    ...columns.map((column) => drawable(pick(column), logarithmic)),
  ] as uPlot.AlignedData
  const curves = shown.map((metric) => ({ label: metricNames[metric], ...styles[metric] }))
  const last = shown.map((metric) => `${metricNames[metric]} ${history.columns[metric].at(-1) ?? 'none'}`)
  return (
    <Curves
      {...rest}
      data={data}
      curves={curves}
      logarithmic={logarithmic}
      yLabel={isShare(metrics[0]) ? 'accuracy' : 'loss'}
      shares={isShare(metrics[0])}
      label={`Curves over ${history.length} epochs. At the end: ${last.join(', ')}`}
    />
  )
}

/** Zero has no logarithm. */
export function drawable(values: (number | null)[], logarithmic: boolean): (number | null)[] {
  return logarithmic ? values.map((value) => (value !== null && value > 0 ? value : null)) : values
}
