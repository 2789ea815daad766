/** Where the demonstrations train: on the service, or in the engine alone. */
import type { LectureJob } from './job.js'
import { mean } from './statistics.js'

interface EpochFigures {
  epoch: number
  loss: number | null
  accuracy: number | null
  valLoss: number | null
  valAccuracy: number | null
  /** Training time until its end. */
  seconds: number | null
}

export interface Network {
  parameters: number
  predict(inputs: readonly (readonly number[])[]): Promise<number[][]>
}

export interface Training extends Network {
  epochs: readonly EpochFigures[]
}

export interface Laboratory {
  /** Trains to the end; a training that diverges has epochs without a loss. */
  train(job: LectureJob): Promise<Training>
  /** The network of a Boolean function without training. */
  construct(inputs: number, trueRows: readonly number[]): Promise<Network>
}

/** The loss of the last epoch, infinite after a divergence. */
export function finalLoss({ epochs }: Training): number {
  return epochs.at(-1)?.loss ?? Number.POSITIVE_INFINITY
}

/** On the training rows in the last epoch. */
export const finalAccuracy = ({ epochs }: Training) => epochs.at(-1)?.accuracy ?? 0

/** The trainings of one competitor at each learning rate, and at the best of them. */
export interface Search<T> {
  rates: readonly { rate: number; figures: readonly number[] }[]
  bestRate: number
  /** Whether a lower and a higher rate were worse. */
  isInside: boolean
  /** At the best rate, one for each seed. */
  best: readonly T[]
}

/** Seeds that choose the learning rate. */
const searchSeeds = 5

/**
 * Gives a competitor its own learning rate: that with the lowest mean of `figure` over the first five seeds. Then trains
 * with the remaining seeds at this rate.
 */
export async function searchRate<T>(
  rates: readonly number[],
  seeds: readonly number[],
  train: (rate: number, seed: number) => Promise<T>,
  figure: (trained: T) => number,
): Promise<Search<T>> {
  const first = seeds.slice(0, searchSeeds)
  const trained = await Promise.all(rates.map((rate) => Promise.all(first.map((seed) => train(rate, seed)))))
  const figures = trained.map((each) => each.map(figure))
  const means = figures.map(mean)
  const best = means.indexOf(Math.min(...means))
  const others = await Promise.all(seeds.slice(searchSeeds).map((seed) => train(rates[best], seed)))
  return {
    rates: rates.map((rate, index) => ({ rate, figures: figures[index] })),
    bestRate: rates[best],
    isInside: best > 0 && best < rates.length - 1,
    best: [...trained[best], ...others],
  }
}
