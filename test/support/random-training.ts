/** Random trainings for property tests: any layers that fit, any loss, optimizer and sampling. */
import fc from 'fast-check'
import { type SpecInput, weightsFor } from './training-case.js'

type LayerInput = SpecInput['network']['layers'][number]

const smooth = fc.constantFrom('linear', 'sigmoid', 'tanh', 'elu', 'gelu', 'softplus', 'relu', 'leakyRelu')
const small = fc.integer({ min: 1, max: 3 })
const padding = fc.constantFrom('valid', 'same')
const useBias = fc.boolean()

const dense: fc.Arbitrary<LayerInput> = fc.record({
  type: fc.constant('dense'),
  units: fc.integer({ min: 1, max: 19 }),
  activation: smooth,
  useBias,
})
const anywhere: fc.Arbitrary<LayerInput> = fc.oneof(
  fc.record({ type: fc.constant('activation'), activation: smooth }),
  fc.record({ type: fc.constant('dropout'), rate: fc.double({ min: 0, max: 0.7, noNaN: true }) }),
  fc.record({
    type: fc.constant('batchNormalization'),
    momentum: fc.double({ min: 0.1, max: 0.99, noNaN: true }),
    epsilon: fc.constant(1e-2),
  }),
)
const onSignals: fc.Arbitrary<LayerInput> = fc.oneof(
  fc.record({
    type: fc.constant('conv1d'),
    filters: fc.integer({ min: 1, max: 6 }),
    kernelSize: small,
    strides: small,
    padding,
    activation: smooth,
    useBias,
  }),
  fc.record({
    type: fc.constant('locallyConnected1d'),
    filters: fc.integer({ min: 1, max: 5 }),
    kernelSize: small,
    strides: small,
    activation: smooth,
    useBias,
  }),
  fc.record({ type: fc.constantFrom('maxPooling1d', 'averagePooling1d'), poolSize: small, strides: small }),
)
const onImages: fc.Arbitrary<LayerInput> = fc.oneof(
  fc.record({
    type: fc.constant('conv2d'),
    filters: fc.integer({ min: 1, max: 6 }),
    kernelSize: fc.tuple(small, small),
    strides: fc.oneof(small, fc.tuple(small, small)),
    padding,
    activation: smooth,
    useBias,
  }),
  fc.record({
    type: fc.constant('locallyConnected2d'),
    filters: fc.integer({ min: 1, max: 5 }),
    kernelSize: fc.tuple(small, small),
    strides: fc.oneof(small, fc.tuple(small, small)),
    activation: smooth,
    useBias,
  }),
  fc.record({ type: fc.constantFrom('maxPooling2d', 'averagePooling2d'), poolSize: small, strides: small }),
)

/** Layers over an input shape, ending in a plain row; some do not fit, which the compiler then says. */
const bodies: fc.Arbitrary<{ inputShape: number[]; layers: LayerInput[] }> = fc.oneof(
  fc.record({
    inputShape: fc.tuple(fc.integer({ min: 1, max: 13 })),
    layers: fc.array(fc.oneof(dense, anywhere), { maxLength: 4 }),
  }),
  fc
    .record({
      inputShape: fc.tuple(small, fc.integer({ min: 4, max: 17 })),
      layers: fc.array(fc.oneof(onSignals, anywhere), { minLength: 1, maxLength: 3 }),
      end: fc.constantFrom<LayerInput>({ type: 'flatten' }, { type: 'globalAveragePooling1d' }),
    })
    .map(({ inputShape, layers, end }) => ({ inputShape, layers: [...layers, end] })),
  fc
    .record({
      inputShape: fc.tuple(small, fc.integer({ min: 4, max: 9 }), fc.integer({ min: 4, max: 9 })),
      layers: fc.array(fc.oneof(onImages, anywhere), { minLength: 1, maxLength: 3 }),
      end: fc.constantFrom<LayerInput>({ type: 'flatten' }, { type: 'globalAveragePooling2d' }),
    })
    .map(({ inputShape, layers, end }) => ({ inputShape, layers: [...layers, end] })),
)

const pairs = [
  ['squaredError', 'tanh'],
  ['squaredError', 'sigmoid'],
  ['meanSquaredError', 'linear'],
  ['meanSquaredError', 'softmax'],
  ['meanAbsoluteError', 'linear'],
  ['huber', 'gelu'],
  ['binaryCrossentropy', 'sigmoid'],
  ['categoricalCrossentropy', 'softmax'],
  ['hinge', 'linear'],
] as const

const ends: fc.Arbitrary<{ loss: SpecInput['loss']; last: LayerInput }> = fc
  .record({ pair: fc.constantFrom(...pairs), units: fc.integer({ min: 2, max: 11 }), biased: useBias })
  .map(({ pair: [loss, activation], units, biased }) => ({
    loss,
    last: { type: 'dense', units, activation, useBias: biased },
  }))

const learningRate = fc.constantFrom(0.001, 0.01)
const optimizers: fc.Arbitrary<SpecInput['optimizer']> = fc.oneof(
  fc.record({
    type: fc.constant('sgd'),
    learningRate,
    momentum: fc.constantFrom(0, 0.9),
    nesterov: fc.boolean(),
    weightDecay: fc.constantFrom(0, 0.01),
  }),
  fc.record({
    type: fc.constantFrom('adam', 'adamw'),
    learningRate,
    biasCorrection: fc.boolean(),
    weightDecay: fc.constantFrom(0, 0.1),
  }),
  fc.record({
    type: fc.constantFrom('rmsprop', 'adagrad'),
    learningRate,
    weightDecay: fc.constantFrom(0, 0.1),
  }),
)

interface RandomTraining {
  readonly spec: SpecInput
  readonly rows: number
  readonly validationRows: number
  /** One for each row; null: rows are not weighted. */
  readonly weights: readonly number[] | null
}

export const randomTrainings: fc.Arbitrary<RandomTraining> = fc
  .record({
    body: bodies,
    end: ends,
    optimizer: optimizers,
    batchSize: fc.oneof(fc.integer({ min: 2, max: 9 }), fc.constant('full' as const)),
    sampling: fc.constantFrom('shuffle', 'sequential', 'random'),
    epochs: fc.integer({ min: 1, max: 3 }),
    l1: fc.constantFrom(undefined, 0.01),
    clipNorm: fc.constantFrom(undefined, 0.5),
    rows: fc.integer({ min: 9, max: 21 }),
    validationRows: fc.integer({ min: 0, max: 7 }),
    weighted: fc.boolean(),
  })
  .map(({ body, end, rows, validationRows, weighted, l1, clipNorm, ...rest }) => ({
    rows,
    validationRows,
    weights: weighted ? weightsFor(rows + validationRows) : null,
    spec: {
      ...rest,
      network: { inputShape: body.inputShape, layers: [...body.layers, end.last] },
      loss: end.loss,
      ...(l1 === undefined ? {} : { l1 }),
      ...(clipNorm === undefined ? {} : { clipNorm }),
    },
  }))
