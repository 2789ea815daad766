/** ONNX files of PyTorch and of this service. */
import { describe, expect, it } from 'vitest'
import { importModel } from '../../src/imports/import-model.js'
import { fixture, fixtureFile, fixtures, largestDifference } from './fixtures.js'

/** As in safetensors.test.ts. PyTorch folds batch normalization into float32 weights, which rounds once more. */
const tolerance = 1e-5

const layerTypes = (file: string) => importModel(fixtureFile(file), {}).network.layers.map(({ type }) => type)

describe('an ONNX file of PyTorch', () => {
  it.each(
    fixtures.flatMap((each) => [
      { each, file: each.name },
      { each, file: `${each.name}-unfolded` },
    ]),
  )('$file answers as PyTorch does', ({ each, file }) => {
    const model = importModel(fixtureFile(`${file}.onnx`), {})
    expect(model.network.inputShape).toEqual(each.network.inputShape)
    expect(largestDifference(model, each)).toBeLessThan(tolerance)
  })

  it('becomes the layers that were exported', () => {
    const { layers } = importModel(fixtureFile('cnn-unfolded.onnx'), {}).network
    const expected = fixture('cnn').network.layers
    expect(layers.map(({ type }) => type)).toEqual(expected.map(({ type }) => type))
    expect(layers[0]).toMatchObject({
      type: 'conv2d',
      filters: 4,
      kernelSize: 3,
      padding: 'same',
      useBias: true,
    })
    expect(layers[1]).toEqual({ type: 'batchNormalization', momentum: 0.9, epsilon: 1e-5 })
    expect(layers[5]).toMatchObject({ type: 'averagePooling2d', poolSize: 2, strides: 1 })
    expect(layerTypes('viewed.onnx')).toEqual(['conv2d', 'conv2d', 'flatten', 'dense', 'dense'])
    expect(layerTypes('averaged.onnx')).toEqual(['conv2d', 'globalAveragePooling2d', 'dense'])
  })

  it('names its activations', () => {
    const { layers } = importModel(fixtureFile('mlp.onnx'), {}).network
    expect(layers.map((layer) => ('activation' in layer ? layer.activation : layer.type))).toEqual([
      'relu',
      'batchNormalization',
      'gelu',
      'elu',
      'softplus',
      'tanh',
      'softmax',
    ])
  })
})
