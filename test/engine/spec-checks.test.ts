/** Specs that cannot be trained are rejected with an error that names the layer and a fix. */
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
      /layers\[0\] \(conv1d\): kernelSize 5 exceeds the signal length 3; use kernelSize ≤ 3 or padding "same"/,
  },
  {
    title: 'a kernel larger than the image',
    inputShape: [1, 3, 8],
    layers: [{ type: 'conv2d', filters: 2, kernelSize: 4 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0/kernelSize',
    words: /kernel \[4, 4\] does not fit into the image \[3, 8\]/,
  },
  {
    title: 'a locally connected kernel wider than the signal',
    inputShape: [1, 3],
    layers: [{ type: 'locallyConnected1d', filters: 2, kernelSize: 4 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0/kernelSize',
    words: /use kernelSize ≤ 3/,
  },
  {
    title: 'a locally connected kernel larger than the image',
    inputShape: [1, 3, 8],
    layers: [{ type: 'locallyConnected2d', filters: 2, kernelSize: [4, 2] }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0/kernelSize',
    words: /kernel \[4, 2\] does not fit into the image \[3, 8\]; use a kernel no larger than the image/,
  },
  {
    title: 'a pooling window wider than the signal',
    inputShape: [1, 3],
    layers: [{ type: 'maxPooling1d', poolSize: 4 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0/poolSize',
    words: /poolSize 4 exceeds the signal length 3; use poolSize ≤ 3/,
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
    words: /layers\[1\] \(dense\) .*\[2, 2, 2\]; add a flatten layer before it/,
  },
  {
    title: 'a convolution of a one-dimensional input',
    inputShape: [12],
    layers: [{ type: 'conv1d', filters: 2, kernelSize: 3 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0',
    words: /needs a signal \[channels, length\].*\[1, 12\]/,
  },
  {
    title: 'a convolution of images over a signal',
    inputShape: [2, 6],
    layers: [{ type: 'conv2d', filters: 2, kernelSize: 3 }, { type: 'flatten' }, dense(1)],
    pointer: '/network/layers/0',
    words: /needs an image \[channels, height, width\].*the 1d layer/,
  },
  {
    title: 'a convolution of signals over an image',
    inputShape: [1, 4, 4],
    layers: [{ type: 'globalAveragePooling1d' }, dense(1)],
    pointer: '/network/layers/0',
    words: /the 2d layer/,
  },
  {
    title: 'a reshape to another number of values',
    layers: [{ type: 'reshape', targetShape: [2, 4] }, { type: 'flatten' }, dense(1)],
    inputShape: [6],
    pointer: '/network/layers/0/targetShape',
    words: /\[2, 4\] has 8 values, but the input \[6\] has 6/,
  },
  {
    title: 'an input shape that does not match the data',
    inputShape: [1, 5],
    layers: [{ type: 'flatten' }, dense(1)],
    data: { inputShape: [6] },
    pointer: '/network/inputShape',
    words: /\[1, 5\] has 5 values, but each row of the data has 6/,
  },
  {
    title: 'softmax in a hidden layer',
    layers: [dense(3, 'softmax'), dense(1)],
    pointer: '/network/layers/0/activation',
    words: /layers\[0\] \(dense\): softmax is allowed in the last layer only/,
  },
  {
    title: 'softmax over an image',
    inputShape: [1, 4, 4],
    layers: [{ type: 'conv2d', filters: 2, kernelSize: 3, activation: 'softmax' }],
    data: { targetWidth: 8 },
    pointer: '/network/layers/0/activation',
    words: /one-dimensional output/,
  },
  {
    title: 'step with a loss that needs a gradient',
    layers: [dense(1, 'step')],
    pointer: '/network/layers/0/activation',
    words: /step has no gradient.*perceptron/,
  },
  {
    title: 'step with a loss that needs another activation',
    layers: [dense(1, 'step')],
    spec: { loss: 'binaryCrossentropy' },
    pointer: '/network/layers/0/activation',
    words: /step has no gradient, so binaryCrossentropy cannot be minimized/,
  },
  {
    title: 'step in a hidden layer',
    layers: [dense(3, 'step'), dense(1)],
    pointer: '/network/layers/0/activation',
    words:
      /layers\[0\] \(dense\): step has no gradient, so neither this layer nor the layers before it can learn/,
  },
  {
    title: 'step in a hidden layer with the perceptron loss',
    layers: [dense(3, 'step'), dense(1, 'step')],
    spec: { loss: 'perceptron' },
    pointer: '/network/layers/0/activation',
    words: /step has no gradient/,
  },
  {
    title: 'perceptron without step',
    layers: [dense(1, 'sigmoid')],
    spec: { loss: 'perceptron' },
    pointer: '/network/layers/0/activation',
    words: /perceptron needs step .* has sigmoid/,
  },
  {
    title: 'categoricalCrossentropy without softmax',
    layers: [dense(3, 'sigmoid')],
    spec: { loss: 'categoricalCrossentropy' },
    data: { targetWidth: 3 },
    pointer: '/network/layers/0/activation',
    words:
      /categoricalCrossentropy needs softmax .*layers\[0\] \(dense\) has sigmoid; set "activation": "softmax"/,
  },
  {
    title: 'categoricalCrossentropy after a layer without activation',
    layers: [dense(3), { type: 'flatten' }],
    spec: { loss: 'categoricalCrossentropy' },
    data: { targetWidth: 3 },
    pointer: '/network/layers/1',
    words: /layers\[1\] \(flatten\) has linear/,
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
    words: /3 classes.*3 outputs.*"units":3,"activation":"softmax".*has 1/,
  },
  {
    title: 'two outputs for one number',
    layers: [dense(2)],
    pointer: '/network/layers/0',
    words: /each target has 1 number, but layers\[0\] \(dense\) has 2; the last layer needs 1 output$/,
  },
  {
    title: 'an image for one number',
    inputShape: [1, 4, 4],
    layers: [{ type: 'conv2d', filters: 2, kernelSize: 3 }],
    pointer: '/network/layers/0',
    words: /has 8 \(shape \[2, 2, 2\]: add flatten and a dense layer\)/,
  },
  {
    title: 'nothing to learn',
    inputShape: [1],
    layers: [{ type: 'activation', activation: 'tanh' }],
    pointer: '/network/layers',
    words: /nothing to learn; add a dense layer/,
  },
  {
    title: 'a batch larger than the rows',
    layers: [dense(1)],
    spec: { batchSize: 11 },
    pointer: '/batchSize',
    words: /batchSize 11 exceeds the 10 training rows; use at most 10/,
  },
  {
    title: 'batch normalization of one value',
    layers: [dense(4), { type: 'batchNormalization' }, dense(1)],
    spec: { batchSize: 1 },
    pointer: '/batchSize',
    words: /layers\[1\] \(batchNormalization\) .* at least 2/,
  },
  {
    title: 'no training rows',
    layers: [dense(1)],
    data: { trainingRows: 0 },
    pointer: '',
    words: /no training rows/,
  },
  {
    title: 'early stopping without validation rows',
    layers: [dense(1)],
    spec: { earlyStopping: {} },
    pointer: '/earlyStopping/monitor',
    words: /valLoss needs validation rows, but there are none; set validationSplit, or monitor "loss"/,
  },
  {
    title: 'early stopping on the validation accuracy without validation rows',
    layers: [dense(1, 'sigmoid')],
    spec: { loss: 'binaryCrossentropy', earlyStopping: { monitor: 'valAccuracy' } },
    pointer: '/earlyStopping/monitor',
    words: /valAccuracy needs validation rows, but there are none; .* monitor "accuracy"/,
  },
  {
    title: 'early stopping on the accuracy of a regression',
    layers: [dense(1)],
    spec: { earlyStopping: { monitor: 'accuracy' } },
    pointer: '/earlyStopping/monitor',
    words: /does not classify; monitor "loss"/,
  },
]

describe('rejected specs', () => {
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

describe('accepted specs', () => {
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

  test('a step before all trainable layers', () => {
    const layers: SpecInput['network']['layers'] = [{ type: 'activation', activation: 'step' }, dense(1)]
    expect(accepted({ network: { layers }, loss: 'huber', epochs: 1 }).parameters).toBe(5)
  })

  test('the output shape of layers without data', () => {
    const { layers } = trainingSchema.parse({
      network: { layers: [{ type: 'conv2d', filters: 3, kernelSize: 2 }] },
      loss: 'huber',
      epochs: 1,
    }).network
    expect(outputShape({ layers }, [1, 5, 4])).toEqual([3, 4, 3])
  })
})
