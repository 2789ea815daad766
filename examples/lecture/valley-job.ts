/** The training of two weights on the service, to compare with the lecture's formulas. */
import type { LectureJob } from './job.js'
import type { Laboratory } from './laboratory.js'
import type { Position } from './plot.js'
import { gradientAt, lossAt, type Rows } from './quadratic.js'

type Step = (weights: readonly number[], gradient: readonly number[]) => number[]

interface Walk {
  /** The weights before the first and after each step. */
  weights: number[][]
  /** The loss of all rows at each of them. */
  losses: number[]
}

/** A loss above this counts as diverged. */
const divergedLoss = 1e6

/** Steps from (0, 0) by the formulas. Batches follow the order of the rows. */
export function walk(rows: Rows, step: Step, steps: number, batch = rows.x.length): Walk {
  let current: number[] = [0, 0]
  const weights = [current]
  const losses = [lossAt(rows, current)]
  const batches = Math.floor(rows.x.length / batch)
  for (let taken = 0; taken < steps; taken++) {
    current = step(current, gradientAt(rows, current, (taken % batches) * batch, batch))
    const loss = lossAt(rows, current)
    if (!(loss < divergedLoss)) break
    weights.push(current)
    losses.push(loss)
  }
  return { weights, losses }
}

/** The first steps of a walk, for drawing. */
export const pathOf = ({ weights }: Walk, steps: number): Position[] =>
  weights.slice(0, steps + 1).map(([w1, w2]): Position => [w1, w2])

interface ValleyTraining {
  name: string
  rows: Rows
  optimizer: LectureJob['optimizer']
  batch: number
  epochs: number
}

/** One linear unit without a bias, from weights of 0, on the rows in their order. */
export function valleyJob({ name, rows, optimizer, batch, epochs }: ValleyTraining): LectureJob {
  return {
    name: `Lecture: ${name}`,
    dataset: { x: rows.x, y: rows.y.map((value) => [value]) },
    network: {
      layers: [{ type: 'dense', units: 1, activation: 'linear', kernelInitializer: 'zeros', useBias: false }],
    },
    loss: 'squaredError',
    optimizer,
    batchSize: batch === rows.x.length ? 'full' : batch,
    sampling: 'sequential',
    epochs,
  }
}

/** Trains on the service. Returns its final weights, read from its outputs. */
export async function trainedWeights(laboratory: Laboratory, training: ValleyTraining): Promise<number[]> {
  const trained = await laboratory.train(valleyJob(training))
  return (
    await trained.predict([
      [1, 0],
      [0, 1],
    ])
  ).flat()
}
