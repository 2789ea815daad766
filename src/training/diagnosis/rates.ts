/** Learning rates that patches propose. */
import { type Optimizer, optimizerSchema } from '../../contract/network.js'

/**
 * The learning rate that a patch proposes at most. Adam and its relatives move each weight by about the learning rate,
 * so they need smaller ones (Kingma & Ba 2015 propose 0.001).
 */
export const usualRates: Record<Optimizer['type'], number> = {
  sgd: 0.1,
  adam: 0.01,
  adamw: 0.01,
  rmsprop: 0.01,
  adagrad: 0.1,
}

/** Bengio 2012, section 3.1: the optimal rate is close to the largest that does not diverge, so change it by tens. */
const rateFactor = 10

const round = (value: number) => Number(value.toPrecision(2))

export function lowerRate({ type, learningRate }: Optimizer): number {
  return round(Math.min(learningRate / rateFactor, usualRates[type]))
}

const defaultRate = (type: Optimizer['type']) => optimizerSchema.parse({ type }).learningRate

/** Above its default, a rate grows in smaller steps, because the largest that converges may be near. */
const carefulFactor = 3

export function higherRate({ type, learningRate }: Optimizer): number {
  const usual = defaultRate(type)
  const higher =
    learningRate < usual ? Math.max(rateFactor * learningRate, usual) : carefulFactor * learningRate
  return Number(higher.toPrecision(2))
}

/** A rate this far below the default is the cause, whatever the batch. */
export const isFarBelowDefault = ({ type, learningRate }: Optimizer) =>
  learningRate < defaultRate(type) / rateFactor

/** A rate above the largest usual one explains units that leave the range of the rows. */
export const isAboveUsual = ({ type, learningRate }: Optimizer) => learningRate > usualRates[type]
