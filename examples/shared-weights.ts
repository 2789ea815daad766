/** Shared weights need fewer examples than separate weights at each position. */
import { short, table } from './chart.js'
import { connections, sharedWeightsJob, trainingRows } from './lecture/shared-weights.js'
import { train } from './training.js'

export interface Sharing {
  name: string
  parameters: number
  /** Mean squared error on training rows and on held-out rows, for each number of training rows. */
  byRows: { rows: number; seen: number; unseen: number }[]
}

/** Trains each network on noisy examples of the same blur over three neighbours. */
export async function shareWeights(url: string): Promise<Sharing[]> {
  return Promise.all(
    connections.map(async (each) => {
      const trainings = await Promise.all(
        trainingRows.map((rows) => train(url, sharedWeightsJob(each, rows))),
      )
      return {
        name: each.name,
        parameters: trainings[0].job.parameters,
        byRows: trainings.map(({ last }, index) => ({
          rows: trainingRows[index],
          seen: last.loss ?? Number.NaN,
          unseen: last.valLoss ?? Number.NaN,
        })),
      }
    }),
  )
}

export async function show(url: string): Promise<void> {
  const results = await shareWeights(url)
  const errorRows = (pick: 'seen' | 'unseen') =>
    results.map(({ name, parameters, byRows }) => [
      name,
      parameters,
      ...byRows.map((each) => short(each[pick])),
    ])
  const heads = ['', 'parameters', ...trainingRows.map((rows) => `${rows} rows`)]
  console.log('Mean squared error on held-out rows (the noise limits it to at least 0.09)')
  console.log(table(heads, errorRows('unseen')))
  console.log('\nMean squared error on training rows')
  console.log(table(heads, errorRows('seen')))
}
