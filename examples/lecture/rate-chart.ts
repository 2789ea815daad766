/** Charts of trainings over learning rates and epochs. */
import { finalLoss, type Search, type Training } from './laboratory.js'
import type { Chart } from './plot.js'
import { bandOf, mean, range, short } from './statistics.js'

interface Competitor {
  name: string
  search: Search<unknown>
}

/** Losses above this are drawn at this height, so that diverged trainings stay in the chart. */
const maximumDrawn = 1e3

/** The figure of each competitor by learning rate: the mean that chose the best rate, and the range of the seeds. */
export function rateChart(
  competitors: readonly Competitor[],
  y: Chart['y'],
  rateLabel = 'learning rate',
): Chart {
  return {
    type: 'chart',
    title: `${y.label[0].toUpperCase()}${y.label.slice(1)} by learning rate`,
    x: { label: rateLabel, logarithmic: true },
    y,
    series: competitors.map(({ name, search }) => {
      const at = search.rates.map(({ rate, figures }) => {
        const drawn = figures.map((figure) => (figure < maximumDrawn ? figure : maximumDrawn))
        return { rate, mean: mean(drawn), ...range(drawn) }
      })
      return {
        label: `${name}: best ${short(search.bestRate)}`,
        points: at.map(({ rate, mean }) => [rate, mean] as const),
        band: at.map(({ rate, low, high }) => [rate, low, high] as const),
      }
    }),
  }
}

/** The losses of the trainings of each competitor, with a band over its seeds. */
export function lossSeries(label: string, trainings: readonly Training[]): Chart['series'][number] {
  const curves = trainings.map(({ epochs }) => epochs.map(({ loss }) => loss ?? maximumDrawn))
  return bandOf(label, curves, (index) => index + 1)
}

export const finalLosses = (trainings: readonly Training[]) => trainings.map(finalLoss)
