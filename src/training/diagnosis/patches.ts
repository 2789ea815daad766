/** Changes of a spec that several findings propose. */
import type { JobSpec } from '../../contract/job-spec.js'
import type { Activation, Layer } from '../../contract/network.js'
import type { Observed } from './training-record.js'

type Remedy = Pick<Observed, 'patch' | 'advice'>

/** Weights that shrink this fast, or this many silent units, keep a network from learning. */
const strongDecay = 0.01
const strongDropout = 0.5
const newUnits = 32
/** Sigmoid has a slope of at most ¼, so its gradient vanishes over several layers (Glorot & Bengio 2010). */
const manySigmoids = 2

/** What lets a network learn more: less regularization, or more units. */
export function moreCapacity({
  network,
  optimizer,
  l1 = 0,
  from,
}: Pick<JobSpec, 'network' | 'optimizer' | 'l1' | 'from'>): Remedy {
  if (l1 >= strongDecay) {
    return {
      patch: { l1: 0 },
      advice: `Omit the L1 regularization of ${l1}, which pulls all weights to 0.`,
    }
  }
  if (optimizer.weightDecay >= strongDecay && optimizer.type !== 'adamw') {
    return {
      patch: { optimizer: { weightDecay: 0 } },
      advice: `Omit the weight decay of ${optimizer.weightDecay}, which pulls all weights to 0.`,
    }
  }
  if (from !== undefined) {
    return {
      patch: null,
      advice: 'The weights of "from" fix the network: train a larger one without "from".',
    }
  }
  const { layers } = network
  if (layers.some((layer) => layer.type === 'dropout' && layer.rate > strongDropout)) {
    const fewer = layers.filter((layer) => layer.type !== 'dropout')
    return { patch: withLayers(network, fewer), advice: 'Omit the dropout, which silences most units.' }
  }
  const hidden = layers.slice(0, -1).filter((layer) => layer.type === 'dense')
  const sigmoids = hidden.filter(({ activation }) => activation === 'sigmoid').length
  if (sigmoids >= manySigmoids) {
    const others = layers.map((layer, index): Layer => {
      if (index === layers.length - 1 || layer.type !== 'dense' || layer.activation !== 'sigmoid')
        return layer
      const { kernelInitializer: _, ...rest } = layer
      return { ...rest, activation: 'relu' }
    })
    return {
      patch: withLayers(network, others),
      advice: 'Use relu instead of sigmoid in the hidden layers, so that the gradient does not vanish.',
    }
  }
  return moreUnits(network, hidden)
}

function moreUnits(
  network: JobSpec['network'],
  hidden: readonly Extract<Layer, { type: 'dense' }>[],
): Remedy {
  const { layers } = network
  const last = layers.at(-1)
  if (last?.type !== 'dense') return { patch: null, advice: 'Use more filters or layers.' }
  if (hidden.length === 0) {
    const added: Layer = { type: 'dense', units: newUnits, activation: 'relu', useBias: true }
    return {
      patch: withLayers(network, [...layers.slice(0, -1), added, last]),
      advice: `Add a hidden layer of ${newUnits} relu units: without one, the network only draws straight lines.`,
    }
  }
  if (Math.min(...hidden.map(({ units }) => units)) >= newUnits) {
    const added: Layer = { type: 'dense', units: newUnits, activation: 'relu', useBias: true }
    return {
      patch: withLayers(network, [...layers.slice(0, -1), added, last]),
      advice: `Add a hidden layer of ${newUnits} relu units: depth expresses more than width.`,
    }
  }
  const wider = layers.map((layer, index) =>
    index < layers.length - 1 && layer.type === 'dense'
      ? { ...layer, units: Math.max(newUnits, layer.units) }
      : layer,
  )
  return { patch: withLayers(network, wider), advice: `Use at least ${newUnits} units in each hidden layer.` }
}

/**
 * Replaces activations without a slope on one or both sides, and initial weights that are not the usual ones of the
 * activation (Glorot & Bengio 2010, He et al. 2015).
 * @param replacement of relu too, unless it is relu
 */
export function moreSlope(
  { network, from }: Pick<JobSpec, 'network' | 'from'>,
  replacement: 'relu' | 'leakyRelu',
): Remedy {
  const { layers } = network
  const changed = layers.map((layer, index): Layer => {
    if (index === layers.length - 1 || !('activation' in layer) || !isFlat(layer.activation)) return layer
    if (layer.type === 'activation') return { ...layer, activation: replacement }
    const { kernelInitializer: _, ...rest } = layer
    return { ...rest, activation: replacement }
  })
  if (from !== undefined || JSON.stringify(changed) === JSON.stringify(layers)) {
    return {
      patch: null,
      advice:
        'Use fewer layers, or batch normalization before the activations, and initial weights of the default size.',
    }
  }
  return {
    patch: withLayers(network, changed),
    advice: `Use ${replacement} in the hidden layers, with its default initial weights, so that the gradient passes through them.`,
  }
}

const isFlat = (activation: Activation) => ['sigmoid', 'tanh', 'relu', 'step'].includes(activation)

const withLayers = ({ layers: _, ...rest }: JobSpec['network'], layers: Layer[]) => ({
  network: { ...rest, layers },
})
