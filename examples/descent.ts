/** Full-batch, mini-batch and stochastic gradient descent: equal work per epoch in few exact or many noisy steps. */
import { type Axes, chart, table } from './chart.js'
import { batchSizes, descentJob } from './lecture/descent.js'
import { train } from './training.js'

const marks = ['G', 'm', '·']

export interface Descent {
  name: string
  mark: string
  /** Steps per epoch. An epoch always computes the gradient of each row once. */
  stepsPerEpoch: number
  losses: number[]
}

/** Trains the same network with the same data, seed and learning rate, with three batch sizes. */
export async function descend(url: string): Promise<Descent[]> {
  return Promise.all(
    batchSizes.map(async (each, index) => {
      const { losses } = await train(url, descentJob(each))
      return { name: each.name, mark: marks[index], stepsPerEpoch: each.stepsPerEpoch, losses }
    }),
  )
}

export async function show(url: string): Promise<void> {
  const descents = await descend(url)
  const draw = (x: string, xScale: Axes['xScale'], points: (descent: Descent) => [number, number][]) => {
    const curves = descents.map((descent) => ({ ...descent, points: points(descent) }))
    console.log(`\n${chart(curves, { x, y: 'loss', xScale, yScale: 'logarithmic' })}`)
  }
  draw('epochs (400 row gradients each)', 'linear', ({ losses }) =>
    losses.slice(0, 20).map((loss, epoch) => [epoch + 1, loss]),
  )
  draw('steps', 'logarithmic', ({ losses, stepsPerEpoch }) =>
    losses.map((loss, epoch) => [(epoch + 1) * stepsPerEpoch, loss]),
  )
  const after = descents.map(({ name, losses, stepsPerEpoch }) => [
    name,
    losses[19],
    losses[400 / stepsPerEpoch - 1],
  ])
  console.log(`\n${table(['loss', 'after 20 epochs', 'in the epoch that ends with step 400'], after)}`)
  console.log('Per step, full batches descend fastest; per epoch, many noisy steps descend faster.')
}
