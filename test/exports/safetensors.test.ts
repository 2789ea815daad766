/** The layouts of safetensors for PyTorch and Keras; the formats pytorch and tfjs execute them. */
import { describe, expect, it } from 'vitest'
import type { TensorNames } from '../../src/contract/export.js'
import { safetensorsExporter } from '../../src/exports/safetensors/exporter.js'
import { importModel } from '../../src/imports/import-model.js'
import { type Exportable, exportable } from '../support/export-cases.js'
import { layerNetworks, randomNetworks } from '../support/export-networks.js'

interface Read {
  shape: number[]
  values: number[]
}

function tensorsOf({ model, weights }: Exportable, names: TensorNames): Record<string, Read> {
  const { bytes } = safetensorsExporter.write(model, weights, { preprocessing: true, names })
  const file = Buffer.from(bytes)
  const start = 8 + Number(file.readBigUInt64LE(0))
  const { __metadata__, ...entries } = JSON.parse(file.toString('utf8', 8, start))
  expect(__metadata__.names).toBe(names)
  return Object.fromEntries(
    Object.entries<{ shape: number[]; data_offsets: [number, number] }>(entries).map(([name, entry]) => {
      const [begin, end] = entry.data_offsets
      const values = Array.from({ length: (end - begin) / 4 }, (_, i) =>
        file.readFloatLE(start + begin + 4 * i),
      )
      return [name, { shape: entry.shape, values }]
    }),
  )
}

const network: Parameters<typeof exportable>[0]['network'] = {
  inputShape: [2, 3],
  layers: [
    { type: 'conv1d', filters: 2, kernelSize: 2, padding: 'same', activation: 'relu' },
    { type: 'locallyConnected1d', filters: 3, kernelSize: 2 },
    { type: 'batchNormalization' },
    { type: 'flatten' },
    { type: 'dense', units: 1, useBias: false },
  ],
}
const model = exportable({ id: 'm', network })
const original = (name: string) => Array.from(model.weights.get(name)?.values ?? [])

describe('the tensors', () => {
  it('for PyTorch are numbered by module: the padding and the activation are modules', () => {
    const tensors = tensorsOf(model, 'torch')
    expect(Object.keys(tensors)).toEqual([
      '1.weight',
      '1.bias',
      '3.weight',
      '3.bias',
      '4.weight',
      '4.bias',
      '4.running_mean',
      '4.running_var',
      '6.weight',
    ])
    expect(tensors['1.weight']).toEqual({ shape: [2, 2, 2], values: original('layers.0.weight') })
  })

  it('for Keras have the channels last', () => {
    const tensors = tensorsOf(model, 'keras')
    const { shape, values } = tensors['layers.0.kernel']
    expect(shape).toEqual([2, 2, 2])
    const [filter, channel, tap] = [1, 0, 1]
    const weight = original('layers.0.weight')
    expect(values[(tap * 2 + channel) * 2 + filter]).toBe(weight[(filter * 2 + channel) * 2 + tap])
    expect(Object.keys(tensors).filter((name) => name.startsWith('layers.2'))).toEqual([
      'layers.2.gamma',
      'layers.2.beta',
      'layers.2.moving_mean',
      'layers.2.moving_variance',
    ])
  })

  it('of a local connection for Keras have rows of taps times channels', () => {
    const { shape, values } = tensorsOf(model, 'keras')['layers.1.kernel']
    expect(shape).toEqual([2, 4, 3])
    const weight = original('layers.1.weight')
    const [position, filter, channel, tap] = [1, 2, 0, 1]
    expect(values[(position * 4 + tap * 2 + channel) * 3 + filter]).toBe(
      weight[((position * 3 + filter) * 2 + channel) * 2 + tap],
    )
  })

  it('of a dense layer after a flatten layer for Keras follow its order', () => {
    const weight = original('layers.4.weight')
    // Three channels at two positions: position first, then channel.
    const expected = [0, 2, 4, 1, 3, 5].map((index) => weight[index])
    expect(tensorsOf(model, 'keras')['layers.4.kernel']).toEqual({ shape: [6, 1], values: expected })
  })
})

describe('a file with the names of PyTorch', () => {
  it('is imported as the same model', () => {
    for (const { title, model, weights } of [...layerNetworks(), ...randomNetworks(50)]) {
      const { bytes } = safetensorsExporter.write(model, weights, { preprocessing: true, names: 'torch' })
      const { network, coding, loss, threshold, tensors, weights: numbers } = importModel(bytes, {})
      const { id: _, ...given } = model
      expect([title, given]).toMatchObject([title, { network, coding, loss, threshold }])
      const stored = new Float32Array(numbers.buffer)
      const different = tensors.filter(({ name, offset }) => {
        const { values } = weights.get(name) ?? { values: [] }
        return values.length === 0 || values.some((value, index) => !Object.is(value, stored[offset + index]))
      })
      expect([title, different]).toEqual([title, []])
    }
  })
})

it('a file with the layout of Keras is not imported', () => {
  const { bytes } = safetensorsExporter.write(model.model, model.weights, {
    preprocessing: true,
    names: 'keras',
  })
  expect(() => importModel(bytes, {})).toThrow('Download the model with names=descent or names=torch.')
})
