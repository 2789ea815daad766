/** Bare networks as ONNX files, run by ONNX Runtime: the outputs are those of the engine. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Activation, activationSchema } from '../../src/contract/network.js'
import { elementCount, Predictor, SpecError } from '../../src/engine/index.js'
import { onnxExporter } from '../../src/exports/onnx/onnx-exporter.js'
import { type Exportable, exportableModel } from '../support/exportable.js'
import { checkOnnxFiles, float32Tensor, numbersOf, onnxPython, runOnnx } from '../support/onnx.js'
import { randomTrainings } from '../support/random-training.js'
import { testSeeds } from '../support/test-seeds.js'
import { type SpecInput, wave } from '../support/training-case.js'

type LayerInput = SpecInput['network']['layers'][number]

const rows = 5
const bare = { preprocessing: false, names: 'descent' } as const
/** All files of this suite, for the checker. */
const files: Uint8Array[] = []
let largest = 0

/** Largest distance between the outputs of the file and of the engine, relative to 1 or the larger output. */
async function compare({ model, weights }: Exportable): Promise<number> {
  const { bytes } = onnxExporter.write(model, weights, bare)
  files.push(bytes)
  const { inputShape = [] } = model.network
  const inputs = Float32Array.from(wave(rows * elementCount(inputShape), 3))
  const expected = new Predictor(model.network, weights, { backend: 'auto' }).predict(inputs)
  const { output } = await runOnnx(bytes, { input: float32Tensor(inputs, [rows, ...inputShape]) })
  const actual = numbersOf(output)
  expect(actual).toHaveLength(expected.length)
  expect(output.dims).toEqual([rows, ...(model.layers.at(-1)?.outputShape ?? [])])
  const distance = actual.reduce((most, value, index) => {
    const difference = Math.abs(value - expected[index]) / Math.max(1, Math.abs(expected[index]))
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(most, difference)
  }, 0)
  largest = Math.max(largest, distance)
  return distance
}

const signal = [3, 11]
const image = [2, 9, 8]
const layers: [string, number[], LayerInput[]][] = [
  ['dense', [7], [{ type: 'dense', units: 5 }]],
  ['dense without bias', [7], [{ type: 'dense', units: 5, useBias: false }]],
  ['conv1d', signal, [{ type: 'conv1d', filters: 4, kernelSize: 3 }]],
  ['conv1d with strides', signal, [{ type: 'conv1d', filters: 4, kernelSize: 2, strides: 3 }]],
  [
    'conv1d with padding, an even kernel and strides',
    signal,
    [{ type: 'conv1d', filters: 4, kernelSize: 4, strides: 2, padding: 'same', useBias: false }],
  ],
  [
    'conv1d with padding and strides wider than the kernel',
    signal,
    [{ type: 'conv1d', filters: 4, kernelSize: 1, strides: 3, padding: 'same' }],
  ],
  ['conv2d', image, [{ type: 'conv2d', filters: 3, kernelSize: [2, 3], strides: [1, 2] }]],
  [
    'conv2d with padding',
    image,
    [{ type: 'conv2d', filters: 3, kernelSize: [4, 2], strides: [2, 3], padding: 'same' }],
  ],
  ['locallyConnected1d', signal, [{ type: 'locallyConnected1d', filters: 4, kernelSize: 3, strides: 2 }]],
  [
    'locallyConnected1d without bias',
    signal,
    [{ type: 'locallyConnected1d', filters: 2, kernelSize: 4, useBias: false }],
  ],
  ['maxPooling1d', signal, [{ type: 'maxPooling1d', poolSize: 3, strides: 2 }]],
  ['averagePooling1d', signal, [{ type: 'averagePooling1d', poolSize: 2 }]],
  ['maxPooling2d', image, [{ type: 'maxPooling2d', poolSize: [2, 3], strides: [1, 2] }]],
  ['averagePooling2d', image, [{ type: 'averagePooling2d', poolSize: 2 }]],
  ['globalAveragePooling1d', signal, [{ type: 'globalAveragePooling1d' }]],
  ['globalAveragePooling2d', image, [{ type: 'globalAveragePooling2d' }]],
  ['flatten', image, [{ type: 'flatten' }]],
  ['reshape', [12], [{ type: 'reshape', targetShape: [2, 6] }]],
  ['dropout', [7], [{ type: 'dropout', rate: 0.5 }]],
  ['batchNormalization of rows', [7], [{ type: 'batchNormalization', epsilon: 0.01 }]],
  ['batchNormalization of signals', signal, [{ type: 'batchNormalization' }]],
  ['batchNormalization of images', image, [{ type: 'batchNormalization' }]],
]

/** Each loss with a last activation that it allows, and each activation. */
const endings: [SpecInput['loss'], Activation, number][] = [
  ['squaredError', 'tanh', 2],
  ['squaredError', 'elu', 2],
  ['squaredError', 'leakyRelu', 2],
  ['meanSquaredError', 'linear', 2],
  ['meanSquaredError', 'relu', 2],
  ['meanAbsoluteError', 'softplus', 2],
  ['huber', 'gelu', 2],
  ['binaryCrossentropy', 'sigmoid', 1],
  ['categoricalCrossentropy', 'softmax', 3],
  ['hinge', 'linear', 1],
  ['perceptron', 'step', 1],
]

describe('each layer with each ending', () => {
  test.each(layers)('%s', async (_name, inputShape, body) => {
    for (const [loss, activation, units] of endings) {
      const layers: LayerInput[] = [...body, { type: 'flatten' }, { type: 'dense', units, activation }]
      const difference = await compare(exportableModel({ network: { inputShape, layers }, loss }, 7))
      expect(difference, `${loss}, ${activation}`).toBeLessThan(1e-5)
    }
  })
})

test('each activation within and after a network', async () => {
  for (const activation of activationSchema.options.filter((name) => name !== 'softmax')) {
    const layers: LayerInput[] = [
      { type: 'dense', units: 9, activation },
      { type: 'activation', activation },
      { type: 'dense', units: 4 },
    ]
    const difference = await compare(
      exportableModel({ network: { inputShape: [3], layers }, loss: 'huber' }, 2),
    )
    expect(difference, activation).toBeLessThan(1e-5)
  }
})

test('200 random networks', { timeout: 60_000 }, async () => {
  const [seed] = testSeeds(1)
  let compared = 0
  for (const { spec } of fc.sample(randomTrainings, { seed, numRuns: 400 })) {
    if (compared === 200) break
    const exportable = fitting(spec, compared)
    if (exportable === null) continue
    expect(await compare(exportable), JSON.stringify(spec.network)).toBeLessThan(1e-5)
    compared += 1
  }
  expect(compared).toBe(200)
})

/** Null if the layers do not fit together. */
function fitting(spec: SpecInput, seed: number): Exportable | null {
  try {
    return exportableModel(spec, seed)
  } catch (error) {
    if (error instanceof SpecError) return null
    throw error
  }
}

test.skipIf(onnxPython === undefined)('all files pass the checker of the onnx package', () => {
  expect(files.length).toBeGreaterThan(400)
  expect(checkOnnxFiles(onnxPython ?? '', files)).toBe('')
  console.info(`The largest difference of ${files.length} files is ${largest}.`)
})
