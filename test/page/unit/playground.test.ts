/** The settings of the playground: what suits a dataset, and the request that is made of them. */
import { describe, expect, it } from 'vitest'
import { rowsOf, type Shape } from '../../../page/src/playground/data.js'
import { requestFrom } from '../../../page/src/playground/request.js'
import { examples, type Settings, twoLayers, withShape } from '../../../page/src/playground/settings.js'

const example = (name: string): Settings => {
  const found = examples.find(([each]) => each === name)
  if (found === undefined) throw new Error(`no example ${name}`)
  return found[1]
}
const perceptron = example('Perceptron on XOR')

const request = (part: Partial<Settings>) => {
  const settings = { ...twoLayers, ...part }
  return requestFrom(settings, rowsOf(settings, []))
}

describe('a change of the dataset', () => {
  it.each([
    ['the perceptron', perceptron, 'moons'],
    ['a network without a hidden layer', { ...twoLayers, hidden: [] }, 'circles'],
    ['a rate of 1', { ...twoLayers, learningRate: 1 }, 'spirals'],
    ['a rate of 1000', { ...twoLayers, optimizer: 'sgd', learningRate: 1_000 }, 'moons'],
    ['an emptied rate', { ...twoLayers, learningRate: Number.NaN }, 'moons'],
    ['three epochs', { ...twoLayers, epochs: 3 }, 'sine'],
    ['step units', { ...twoLayers, hidden: [{ units: 4, activation: 'step' }] }, 'moons'],
  ] as const)('replaces %s, and says so', (_, settings, shape) => {
    const { settings: next, note } = withShape(settings, shape)
    expect(next.shape).toBe(shape)
    expect(next.perceptron).toBe(false)
    expect(next.hidden.length).toBeGreaterThan(0)
    expect(next.learningRate).toBeLessThanOrEqual(0.05)
    expect(next.epochs).toBeGreaterThanOrEqual(400)
    expect(note).toMatch(/^Network and training were reset to .*: .+\.$/)
  })

  it('keeps everything else', () => {
    const settings: Settings = {
      ...twoLayers,
      hidden: [{ units: 3, activation: 'relu' }],
      optimizer: 'sgd',
      learningRate: 0.5,
      noise: 0.3,
      seed: 7,
    }
    expect(withShape(settings, 'moons')).toEqual({ settings: { ...settings, shape: 'moons' }, note: null })
    const computed: Settings = { ...twoLayers, hidden: [], features: ['x1x1', 'x2x2'] }
    expect(withShape(computed, 'circles')).toEqual({
      settings: { ...computed, shape: 'circles' },
      note: null,
    })
    const straight = { ...twoLayers, hidden: [] }
    expect(withShape(straight, 'blobs').settings.hidden).toEqual([])
    expect(withShape(perceptron, 'or')).toEqual({ settings: { ...perceptron, shape: 'or' }, note: null })
    const { settings: replaced } = withShape({ ...perceptron, seed: 7, noise: 0.3 }, 'moons')
    expect(replaced).toMatchObject({ seed: 7, noise: 0.3 })
  })
})

describe('the rows', () => {
  it.each([
    'moons',
    'circles',
    'spirals',
    'blobs',
    'sine',
  ] as Shape[])('of %s are the same for a seed, and others for another', (shape) => {
    const source = { shape, noise: 0.1, dataSeed: 1 }
    expect(rowsOf(source, [])).toEqual(rowsOf(source, []))
    expect(rowsOf({ ...source, dataSeed: 2 }, [])).not.toEqual(rowsOf(source, []))
  })
})

describe('the request', () => {
  it('of the perceptron starts at zero, and takes one row after another', () => {
    expect(request(perceptron)).toEqual({
      name: 'Playground: XOR',
      dataset: 'xor',
      network: {
        layers: [{ type: 'dense', units: 1, activation: 'step', kernelInitializer: 'zeros' }],
      },
      loss: 'perceptron',
      optimizer: { type: 'sgd', learningRate: 1 },
      epochs: 12,
      seed: 1,
      sampling: 'sequential',
      batchSize: 1,
    })
  })

  it.each([
    ['sgd', { momentum: 0.9, nesterov: true, weightDecay: 0.001 }],
    ['adam', { beta1: 0.8, beta2: 0.99, weightDecay: 0.001 }],
    ['adamw', { beta1: 0.8, beta2: 0.99, weightDecay: 0.001 }],
    ['rmsprop', { rho: 0.7, weightDecay: 0.001 }],
    ['adagrad', { weightDecay: 0.001 }],
  ] as const)('has the parameters of %s', (optimizer, expected) => {
    const part = { momentum: 0.9, nesterov: true, beta1: 0.8, beta2: 0.99, rho: 0.7, penalty: 'l2' } as const
    expect(request({ ...part, optimizer }).optimizer).toMatchObject({ type: optimizer, ...expected })
  })

  it('has the features that the data have', () => {
    const features: Settings['features'] = ['sinx2', 'x1x2', 'x1x1']
    expect(request({ features }).derivedFeatures).toEqual([
      { type: 'square', of: 'x1' },
      { type: 'product', of: ['x1', 'x2'] },
      { type: 'sin', of: 'x2' },
    ])
    expect(request({ features, shape: 'sine' }).derivedFeatures).toEqual([{ type: 'square', of: 'x1' }])
    expect(request({ features: ['x2x2'], shape: 'sine' })).not.toHaveProperty('derivedFeatures')
    const own = {
      ...rowsOf({ ...twoLayers, shape: 'points' }, []),
      inputs: ['width', 'height'],
      dataset: 'ds_1',
    }
    expect(requestFrom({ ...twoLayers, shape: 'file', features: ['x1x2'] }, own).derivedFeatures).toEqual([
      { type: 'product', of: ['width', 'height'] },
    ])
  })

  it('has an L1 regularization instead of weight decay', () => {
    const l1 = request({ optimizer: 'adamw', penalty: 'l1', penaltyRate: 0.02 })
    expect(l1).toMatchObject({ l1: 0.02, optimizer: { weightDecay: 0 } })
    expect(request({ ...perceptron, penalty: 'l1' })).not.toHaveProperty('l1')
  })

  it('decays no weights without regularization', () => {
    expect(request({ optimizer: 'adamw' }).optimizer).toMatchObject({ weightDecay: 0 })
  })

  it('holds rows out, except of the four of a truth table', () => {
    const split = { validationSplit: 0.3, testSplit: 0.2 }
    expect(request({ ...split, shape: 'moons' })).toMatchObject(split)
    const { validationSplit, testSplit } = request({ ...split, shape: 'xor' })
    expect([validationSplit, testSplit]).toEqual([undefined, undefined])
  })

  it.each([
    [10, 'moons', 0, 10],
    [64, 'moons', 0.5, 64],
    [128, 'moons', 0.5, 'full'],
    [null, 'moons', 0, 'full'],
    [32, 'xor', 0, undefined],
    [64, 'xor', 0, 'full'],
    [1, 'xor', 0, 1],
  ] as const)('with batches of %s rows of %s', (batchSize, shape, validationSplit, expected) => {
    expect(request({ batchSize, shape, validationSplit }).batchSize).toBe(expected)
  })
})
