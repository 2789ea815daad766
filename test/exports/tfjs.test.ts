/** The format tfjs, read by the unmodified TensorFlow.js on its CPU backend. */
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { firstDifference } from '../../src/exports/compare.js'
import { channelsFirstPlaces } from '../../src/exports/keras/channels-last.js'
import { tfjsExporter } from '../../src/exports/tfjs/exporter.js'
import { layerNetworks, type NamedExportable, randomNetworks } from '../support/export-networks.js'
import { loadTfjs } from '../support/tfjs.js'

const options = { preprocessing: false, names: 'descent' } as const

beforeAll(() => tf.setBackend('cpu'))

async function answersOf({ model, weights, expected }: NamedExportable): Promise<{ output: number[] }[]> {
  const loaded = await loadTfjs(tfjsExporter.write(model, weights, options).bytes)
  const { inputShape = [] } = model.network
  const places = inputShape.length > 1 ? channelsFirstPlaces(inputShape) : null
  const [channels, ...sides] = inputShape
  const shape = places === null ? inputShape : [...sides, channels]
  const rows = expected.map(({ inputs }) =>
    tf.tidy(() => {
      const values = places === null ? inputs : Float32Array.from(places, (place) => inputs[place])
      const output = loaded.predict(tf.tensor(values, [1, ...shape]))
      if (Array.isArray(output)) throw new Error('several outputs')
      return { output: Array.from(output.dataSync()) }
    }),
  )
  loaded.dispose()
  return rows
}

describe('the exported layers model', () => {
  it('answers as the engine for every layer and ending that it holds', { timeout: 60_000 }, async () => {
    const refused = new Set<string>()
    for (const each of [...layerNetworks(), ...randomNetworks(50)]) {
      const reason = tfjsExporter.refusal(each.model, options)
      if (reason !== null) {
        refused.add(reason)
        continue
      }
      const rows = await answersOf(each)
      let next = 0
      const difference = firstDifference(each.model, each.expected, options, () => rows[next++])
      expect([each.title, difference]).toEqual([each.title, null])
    }
    for (const reason of refused) expect(reason).toMatch(/locallyConnected1d|"step"/)
    expect(refused.size).toBeGreaterThan(2)
  })
})
