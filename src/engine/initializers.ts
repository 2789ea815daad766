/** Initial values of tensors, drawn on the host from the seed, so that every backend starts from the same values. */
import type { Initializer } from '../contract/network.js'
import type { InitialValues } from './program.js'
import { streamKey, threefry, unitReal } from './rng.js'

type Distribution =
  | { type: 'uniform'; limit: number }
  | { type: 'normal'; deviation: number }
  | { type: 'zeros' }

/**
 * Glorot & Bengio 2010: variance 2/(fanIn + fanOut); He et al. 2015: variance 2/fanIn. The limit of uniform
 * distributions is √(3 · variance); normal distributions are not truncated. `normal` has a deviation of 0.05 and
 * `uniform` a limit of 0.05, as in Keras.
 */
function chooseDistribution(initializer: Initializer, fanIn: number, fanOut: number): Distribution {
  switch (initializer) {
    case 'glorotUniform':
      return { type: 'uniform', limit: Math.sqrt(6 / (fanIn + fanOut)) }
    case 'glorotNormal':
      return { type: 'normal', deviation: Math.sqrt(2 / (fanIn + fanOut)) }
    case 'heUniform':
      return { type: 'uniform', limit: Math.sqrt(6 / fanIn) }
    case 'heNormal':
      return { type: 'normal', deviation: Math.sqrt(2 / fanIn) }
    case 'uniform':
      return { type: 'uniform', limit: 0.05 }
    case 'normal':
      return { type: 'normal', deviation: 0.05 }
    case 'zeros':
      return { type: 'zeros' }
    default:
      return initializer satisfies never
  }
}

/**
 * Fills a tensor. Elements 2i and 2i + 1 use block i of the stream `initialization`, salted with the layer's index:
 * uniform values use one word each, normal values both words (Box & Muller 1958).
 */
export function fillInitial(values: Float32Array | Float64Array, initial: InitialValues, seed: number): void {
  if (initial.type === 'constant') {
    values.fill(initial.value)
    return
  }
  const distribution = chooseDistribution(initial.initializer, initial.fanIn, initial.fanOut)
  if (distribution.type === 'zeros') {
    values.fill(0)
    return
  }
  const key = streamKey(seed, 'initialization', initial.layer)
  const words = new Uint32Array(2)
  for (let i = 0; i < values.length; i += 2) {
    threefry(key, i / 2, 0, words)
    const first = unitReal(words[0] ?? 0)
    const second = unitReal(words[1] ?? 0)
    if (distribution.type === 'uniform') {
      values[i] = distribution.limit * (2 * first - 1)
      if (i + 1 < values.length) values[i + 1] = distribution.limit * (2 * second - 1)
    } else {
      const radius = distribution.deviation * Math.sqrt(-2 * Math.log(1 - first))
      values[i] = radius * Math.cos(2 * Math.PI * second)
      if (i + 1 < values.length) values[i + 1] = radius * Math.sin(2 * Math.PI * second)
    }
  }
}
