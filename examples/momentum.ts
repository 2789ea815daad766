/** Momentum and Adam cross a long narrow valley of the loss faster than plain gradient descent. */
import { chart, short, table } from './chart.js'
import { dense, type JobRequest, train } from './training.js'

const epochs = 200
const rates = [0.03, 0.1, 0.3, 1]

const optimizers: { name: string; mark: string; with(rate: number): JobRequest['optimizer'] }[] = [
  { name: 'plain', mark: 'p', with: (learningRate) => ({ type: 'sgd', learningRate }) },
  { name: 'momentum 0.9', mark: 'm', with: (learningRate) => ({ type: 'sgd', learningRate, momentum: 0.9 }) },
  { name: 'Adam', mark: 'a', with: (learningRate) => ({ type: 'adam', learningRate }) },
  {
    name: 'Adam without bias correction',
    mark: '·',
    with: (learningRate) => ({ type: 'adam', learningRate, biasCorrection: false }),
  },
]

export interface OptimizerResult {
  name: string
  mark: string
  /** The learning rate with the lowest final loss. */
  rate: number
  losses: number[]
}

/**
 * Fits a plane to 100 exact points. The second input is ten times smaller than the first, so that the loss has a
 * condition number of about 100.
 */
export async function compareOptimizers(url: string): Promise<OptimizerResult[]> {
  const x = Array.from({ length: 100 }, (_, row) => [
    (row % 10) / 4.5 - 1,
    (Math.floor(row / 10) / 4.5 - 1) / 10,
  ])
  const y = x.map(([x1, x2]) => 2 * x1 - 30 * x2 + 1)
  return Promise.all(
    optimizers.map(async ({ name, mark, with: optimizer }) => {
      const trainings = await Promise.all(
        rates.map(async (rate) => {
          const { losses } = await train(url, {
            name: `${name}, rate ${rate}`,
            dataset: { x, y },
            network: { layers: [dense(1, 'linear')] },
            loss: 'squaredError',
            optimizer: optimizer(rate),
            batchSize: 'full',
            epochs,
            seed: 1,
          })
          return { rate, losses }
        }),
      )
      const best = trainings.reduce((a, b) => (b.losses[epochs - 1] < a.losses[epochs - 1] ? b : a))
      return { name, mark, ...best }
    }),
  )
}

export async function show(url: string): Promise<void> {
  const results = await compareOptimizers(url)
  const curves = results.map(({ name, mark, losses }) => ({
    name,
    mark,
    points: losses.map((loss, epoch) => [epoch + 1, loss] as const),
  }))
  console.log(chart(curves, { x: 'step', y: 'loss', xScale: 'linear', yScale: 'logarithmic' }))
  const rows = results.map(({ name, rate, losses }) => [
    name,
    rate,
    ...[20, 50, 100, 200].map((step) => short(losses[step - 1])),
  ])
  console.log(`\nEach with the best of the learning rates ${rates.join(', ')}; loss after`)
  console.log(table(['', 'rate', '20 steps', '50', '100', '200'], rows))
}
