/** What cannot be trained is refused in words that name the layer and say what would fit. */
import { describe, expect, test } from 'vitest'
import { trainingSchema } from '../../src/contract/network.js'
import { compile, type DataShape, outputShape, SpecError } from '../../src/engine/index.js'
import type { SpecInput } from '../support/training-case.js'

interface Refusal {
  readonly title: string
  readonly layers: SpecInput['network']['layers']
  readonly inputShape?: number[]
  readonly spec?: Partial<SpecInput>
  readonly data?: Partial<DataShape>
  readonly pointer: string
  readonly words: RegExp
}

const dense = (units: number, activation: 'linear' | 'sigmoid' | 'softmax' | 'step' | 'relu' = 'linear') =>
  ({ type: 'dense', units, activation }) as const

const refusals: Refusal[] = [
  {
    title: 'a kernel wider than the signal',
    inputShape: [1, 3],
    layers: [{ type: 'conv1d', filters: 2, kernelSize: 5 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0/kernelSize',
    words:
      /layers\[0\] \(conv1d\): the kernel is 5 wide but the signal is only 3 long; use kernelSize ≤ 3 or padding "same"/,
  },
  {
    title: 'a kernel larger than the image',
    inputShape: [1, 3, 8],
    layers: [{ type: 'conv2d', filters: 2, kernelSize: 4 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0/kernelSize',
    words: /kernel \[4, 4\] does not fit into the image \[3, 8\]/,
  },
  {
    title: 'an unshared kernel wider than the signal',
    inputShape: [1, 3],
    layers: [{ type: 'locallyConnected1d', filters: 2, kernelSize: 4 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0/kernelSize',
    words: /use kernelSize ≤ 3/,
  },
  {
    title: 'a pooling window wider than the signal',
    inputShape: [1, 3],
    layers: [{ type: 'maxPooling1d', poolSize: 4 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0/poolSize',
    words: /window is 4 wide but the signal is only 3 long; use poolSize ≤ 3/,
  },
  {
    title: 'a pooling window larger than the image',
    inputShape: [1, 4, 4],
    layers: [{ type: 'averagePooling2d', poolSize: [2, 5] }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0/poolSize',
    words: /window \[2, 5\] does not fit into the image \[4, 4\]/,
  },
  {
    title: 'a dense layer on an image',
    inputShape: [1, 4, 4],
    layers: [{ type: 'conv2d', filters: 2, kernelSize: 3 }, dense(1)],
    pointer: '/network/layers/1',
    words: /layers\[1\] \(dense\) .*\[2, 2, 2\]: add a flatten layer before it/,
  },
  {
    title: 'a convolution of a plain row',
    inputShape: [12],
    layers: [{ type: 'conv1d', filters: 2, kernelSize: 3 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0',
    words: /takes signals \[channels, length\].*\[1, 12\]/,
  },
  {
    title: 'a convolution of images over a signal',
    inputShape: [2, 6],
    layers: [{ type: 'conv2d', filters: 2, kernelSize: 3 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0',
    words: /takes images \[channels, height, width\].*ending in 1d/,
  },
  {
    title: 'a convolution of signals over an image',
    inputShape: [1, 4, 4],
    layers: [{ type: 'globalAveragePooling1d' }, dense(1)],
    pointer: '/network/layers/0',
    words: /ending in 2d/,
  },
  {
    title: 'a reshape to another number of cells',
    layers: [{ type: 'reshape', targetShape: [2, 4] }, { type: 'flatten' }, dense(1)],
    inputShape: [6],
    pointer: '/network/layers/0/targetShape',
    words: /\[2, 4\] holds 8 numbers, but the input \[6\] has 6/,
  },
  {
    title: 'an input shape that is not the data',
    inputShape: [1, 5],
    layers: [{ type: 'flatten' }, dense(1)],
    data: { inputShape: [6] },
    pointer: '/network/inputShape',
    words: /\[1, 5\] holds 5 numbers, but the data has 6 per row/,
  },
  {
    title: 'softmax in the middle',
    layers: [dense(3, 'softmax'), dense(1)],
    pointer: '/network/layers/0/activation',
    words: /layers\[0\] \(dense\): softmax .* only there/,
  },
  {
    title: 'softmax over an image',
    inputShape: [1, 4, 4],
    layers: [{ type: 'conv2d', filters: 2, kernelSize: 3, activation: 'softmax' }],
    data: { targetWidth: 8 },
    pointer: '/network/layers/0/activation',
    words: /plain row of outputs/,
  },
  {
    title: 'step under a loss that needs a gradient',
    layers: [dense(1, 'step')],
    pointer: '/network/layers/0/activation',
    words: /step has no slope.*perceptron/,
  },
  {
    title: 'step in a hidden layer',
    layers: [dense(3, 'step'), dense(1)],
    pointer: '/network/layers/0/activation',
    words: /layers\[0\] \(dense\): step has no slope, so neither this layer nor those before it could learn/,
  },
  {
    title: 'step in a hidden layer under perceptron',
    layers: [dense(3, 'step'), dense(1, 'step')],
    spec: { loss: 'perceptron' },
    pointer: '/network/layers/0/activation',
    words: /step has no slope/,
  },
  {
    title: 'perceptron without step',
    layers: [dense(1, 'sigmoid')],
    spec: { loss: 'perceptron' },
    pointer: '/network/layers/0/activation',
    words: /perceptron needs step .* ends with sigmoid/,
  },
  {
    title: 'categoricalCrossentropy without softmax',
    layers: [dense(3, 'sigmoid')],
    spec: { loss: 'categoricalCrossentropy' },
    data: { targetWidth: 3 },
    pointer: '/network/layers/0/activation',
    words:
      /categoricalCrossentropy needs softmax .*layers\[0\] \(dense\) ends with sigmoid; set "activation": "softmax"/,
  },
  {
    title: 'categoricalCrossentropy after a layer without activation',
    layers: [dense(3), { type: 'flatten' }],
    spec: { loss: 'categoricalCrossentropy' },
    data: { targetWidth: 3 },
    pointer: '/network/layers/1',
    words: /layers\[1\] \(flatten\) ends with linear/,
  },
  {
    title: 'binaryCrossentropy without sigmoid',
    layers: [dense(1, 'relu')],
    spec: { loss: 'binaryCrossentropy' },
    pointer: '/network/layers/0/activation',
    words: /needs sigmoid/,
  },
  {
    title: 'hinge that is not linear',
    layers: [dense(1, 'sigmoid')],
    spec: { loss: 'hinge' },
    pointer: '/network/layers/0/activation',
    words: /hinge needs linear/,
  },
  {
    title: 'softmax over one output',
    layers: [dense(1, 'softmax')],
    spec: { loss: 'categoricalCrossentropy' },
    pointer: '/network/layers/0',
    words: /softmax over one output is always 1/,
  },
  {
    title: 'three classes on one output',
    layers: [dense(1, 'sigmoid')],
    spec: { loss: 'binaryCrossentropy' },
    data: { targetWidth: 3, classTargets: true },
    pointer: '/network/layers/0',
    words: /3 classes.*3 outputs.*"units":3,"activation":"softmax".*gives 1/,
  },
  {
    title: 'two outputs for one number',
    layers: [dense(2)],
    pointer: '/network/layers/0',
    words: /each target has 1 number, but layers\[0\] \(dense\) gives 2; the last layer needs 1 output$/,
  },
  {
    title: 'an image for one number',
    inputShape: [1, 4, 4],
    layers: [{ type: 'conv2d', filters: 2, kernelSize: 3 }],
    pointer: '/network/layers/0',
    words: /gives 8 \(shape \[2, 2, 2\]: add flatten and a dense layer\)/,
  },
  {
    title: 'nothing to learn',
    inputShape: [1],
    layers: [{ type: 'activation', activation: 'tanh' }],
    pointer: '/network/layers',
    words: /nothing to learn: add a dense layer/,
  },
  {
    title: 'a batch larger than the rows',
    layers: [dense(1)],
    spec: { batchSize: 11 },
    pointer: '/batchSize',
    words: /a batch of 11 rows is larger than the 10 training rows; use at most 10/,
  },
  {
    title: 'batch normalization of one value',
    layers: [dense(4), { type: 'batchNormalization' }, dense(1)],
    spec: { batchSize: 1 },
    pointer: '/batchSize',
    words: /layers\[1\] \(batchNormalization\) .* at least 2/,
  },
  {
    title: 'no row to train on',
    layers: [dense(1)],
    data: { trainingRows: 0 },
    pointer: '',
    words: /no row to train on/,
  },
  {
    title: 'early stopping on a validation that is not there',
    layers: [dense(1)],
    spec: { earlyStopping: {} },
    pointer: '/earlyStopping/monitor',
    words:
      /valLoss is measured on validation rows, and there are none; set validationSplit, or monitor "loss"/,
  },
  {
    title: 'early stopping on the accuracy of a regression',
    layers: [dense(1)],
    spec: { earlyStopping: { monitor: 'accuracy' } },
    pointer: '/earlyStopping/monitor',
    words: /does not classify; monitor "loss"/,
  },
]

describe('refusals', () => {
  test.each(refusals)('$title', ({ layers, inputShape, spec, data, pointer, words }) => {
    const network = { layers, ...(inputShape === undefined ? {} : { inputShape }) }
    const parsed = trainingSchema.parse({ loss: 'meanSquaredError', epochs: 1, ...spec, network })
    const shape = {
      inputShape: inputShape ?? [2],
      targetWidth: 1,
      trainingRows: 10,
      validationRows: 0,
      ...data,
    }
    let refusal: unknown
    try {
      compile(parsed, shape)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(SpecError)
    expect(refusal).toMatchObject({ pointer, message: expect.stringMatching(words) })
  })
})

describe('what is allowed', () => {
  const data = { inputShape: [4], targetWidth: 1, trainingRows: 100, validationRows: 0 }
  const accepted = (input: SpecInput, shape: Partial<DataShape> = {}) =>
    compile(trainingSchema.parse(input), { ...data, ...shape })

  test('the input shape comes from the data, the batch size from the rows', () => {
    const program = accepted({ network: { layers: [dense(1)] }, loss: 'huber', epochs: 1 })
    expect(program.spec.network.inputShape).toEqual([4])
    expect(program.spec.batchSize).toBe(32)
    expect(
      accepted({ network: { layers: [dense(1)] }, loss: 'huber', epochs: 1 }, { trainingRows: 5 }).capacity,
    ).toBe(5)
  })

  test('"full" is one batch of all rows', () => {
    const program = accepted({ network: { layers: [dense(1)] }, loss: 'huber', epochs: 1, batchSize: 'full' })
    expect(program.spec.batchSize).toBe(100)
    expect(program.stepsPerEpoch).toBe(1)
  })

  test('initializers and strides are filled in', () => {
    const layers: SpecInput['network']['layers'] = [
      { type: 'reshape', targetShape: [1, 4] },
      { type: 'conv1d', filters: 2, kernelSize: 1, activation: 'relu' },
      { type: 'maxPooling1d', poolSize: 2 },
      { type: 'flatten' },
      dense(1),
    ]
    const { network } = accepted({ network: { layers }, loss: 'huber', epochs: 1 }).spec
    expect(network.layers[1]).toMatchObject({ kernelInitializer: 'heNormal' })
    expect(network.layers[2]).toMatchObject({ strides: 2 })
    expect(network.layers[4]).toMatchObject({ kernelInitializer: 'glorotUniform' })
  })

  test('a step before everything that learns', () => {
    const layers: SpecInput['network']['layers'] = [{ type: 'activation', activation: 'step' }, dense(1)]
    expect(accepted({ network: { layers }, loss: 'huber', epochs: 1 }).parameters).toBe(5)
  })

  test('the output shape of layers alone', () => {
    const { layers } = trainingSchema.parse({
      network: { layers: [{ type: 'conv2d', filters: 3, kernelSize: 2 }] },
      loss: 'huber',
      epochs: 1,
    }).network
    expect(outputShape({ layers }, [1, 5, 4])).toEqual([3, 4, 3])
  })
})
