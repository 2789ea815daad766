/** Momentum and Adam cross a long narrow valley of the loss faster than plain gradient descent. */
import { chart, short, table } from './chart.js'
import { learningRates, momentumJob, optimizers } from './lecture/momentum.js'
import { train } from './training.js'

const marks = ['p', 'm', 'a', '·']

export interface OptimizerResult {
  name: string
  mark: string
  /** The learning rate with the lowest final loss. */
  rate: number
  losses: number[]
}

/** Trains with each optimizer at each learning rate. */
export async function compareOptimizers(url: string): Promise<OptimizerResult[]> {
  return Promise.all(
    optimizers.map(async (optimizer, index) => {
      const trainings = await Promise.all(
        learningRates.map(async (rate) => {
          const { losses } = await train(url, momentumJob(optimizer, rate))
          return { rate, losses, final: losses[losses.length - 1] }
        }),
      )
      const best = trainings.reduce((a, b) => (b.final < a.final ? b : a))
      return { name: optimizer.name, mark: marks[index], ...best }
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
  console.log(`\nEach with the best of the learning rates ${learningRates.join(', ')}; loss after`)
  console.log(table(['', 'rate', '20 steps', '50', '100', '200'], rows))
}
