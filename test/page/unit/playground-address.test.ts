/** The address of the playground: any settings come back from it, and damaged values are reported. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { activations } from '../../../page/src/components/hidden-layer.js'
import { readAddress, writeAddress } from '../../../page/src/playground/address.js'
import { shapes } from '../../../page/src/playground/data.js'
import { features } from '../../../page/src/playground/features.js'
import { roundPoint } from '../../../page/src/playground/points.js'
import { optimizers, penalties, type Settings, twoLayers } from '../../../page/src/playground/settings.js'

const share = fc.double({ min: 0, max: 0.9, noNaN: true })
const decay = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const positive = fc.double({ min: 1e-12, max: 1e12, noNaN: true })

const anySettings: fc.Arbitrary<Settings> = fc.record({
  shape: fc.constantFrom(...shapes),
  file: fc.constantFrom(null, 'ds_0a1B2c'),
  noise: fc.double({ min: 0, max: 10, noNaN: true }),
  dataSeed: fc.nat(1_000),
  features: fc.shuffledSubarray([...features]),
  hidden: fc.array(
    fc.record({ units: fc.integer({ min: 1, max: 512 }), activation: fc.constantFrom(...activations) }),
    { maxLength: 8 },
  ),
  perceptron: fc.boolean(),
  optimizer: fc.constantFrom(...optimizers),
  learningRate: positive,
  momentum: decay,
  nesterov: fc.boolean(),
  beta1: decay,
  beta2: decay,
  rho: decay,
  penalty: fc.constantFrom(...penalties),
  penaltyRate: fc.double({ min: 0, max: 1_000, noNaN: true }),
  batchSize: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 100_000 })),
  validationSplit: share,
  testSplit: share,
  epochs: fc.integer({ min: 1, max: 10_000_000 }),
  seed: fc.maxSafeNat(),
})
const coordinate = fc.double({ min: -1, max: 1, noNaN: true }).map((value) => roundPoint(value) + 0)
const anyPoints = fc.array(fc.record({ x: coordinate, y: coordinate, classIndex: fc.constantFrom(0, 1) }), {
  minLength: 1,
  maxLength: 500,
})

/** Parameters of other optimizers, of no penalty and of no file are not part of the state. */
function used(settings: Settings): Settings {
  const { shape, optimizer, penalty } = settings
  const { momentum, nesterov, beta1, beta2, rho, penaltyRate } = twoLayers
  return {
    ...settings,
    ...(shape === 'file' ? {} : { file: null }),
    ...(optimizer === 'sgd' ? {} : { momentum, nesterov }),
    ...(optimizer.startsWith('adam') ? {} : { beta1, beta2 }),
    ...(optimizer === 'rmsprop' ? {} : { rho }),
    ...(penalty === 'none' ? { penaltyRate } : {}),
  }
}

describe('the address of the playground', () => {
  it('has the whole state', () => {
    fc.assert(
      fc.property(anySettings, anyPoints, (settings, clicked) => {
        const address = writeAddress({ settings, clicked })
        expect(address).toMatch(/^[\w=;.,+-]+$/)
        expect(readAddress(address)).toEqual({
          settings: used(settings),
          clicked: settings.shape === 'points' ? clicked : [],
          ignored: [],
        })
      }),
    )
  })

  it('reads what a reader may write, and completes it', () => {
    expect(readAddress('data=moons;layers=relu4-tanh2;opt=sgd;rate=1e-2;batch=full').settings).toEqual({
      ...twoLayers,
      shape: 'moons',
      hidden: [
        { units: 4, activation: 'relu' },
        { units: 2, activation: 'tanh' },
      ],
      optimizer: 'sgd',
      learningRate: 0.01,
      batchSize: null,
    })
    expect(readAddress('')).toEqual({ settings: twoLayers, clicked: [], ignored: [] })
  })

  it.each([
    'data=mars',
    'features=x1x1-x3',
    'features=',
    'noise=-1',
    'noise=11',
    'rate=0',
    'rate=NaN',
    'rate=',
    'rate=0x10',
    'layers=tanh0',
    'layers=tanh513',
    'layers=tanh4-',
    'layers=softmax4',
    `layers=${Array(9).fill('tanh1').join('-')}`,
    'opt=newton',
    'momentum=1',
    'batch=0',
    'batch=1.5',
    'epochs=1.5',
    'seed=9007199254740993',
    'points=2,0,0',
    'points=0,1001,0',
    'points=0,1',
    'constructor=1',
    '__proto__=1',
    'unknown=1',
    'data',
  ])('ignores %s, and reports it', (part) => {
    expect(readAddress(`${part};epochs=7`)).toEqual({
      settings: { ...twoLayers, epochs: 7 },
      clicked: [],
      ignored: [part],
    })
  })
})
