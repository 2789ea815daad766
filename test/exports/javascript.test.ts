/** The format javascript, executed in a separate context as the service does to verify it. */
import { describe, expect, it } from 'vitest'
import { javascriptExporter, loadModule } from '../../src/exports/javascript/exporter.js'
import { expectPrediction, predictionsOf } from '../support/export-cases.js'
import { layerNetworks, randomNetworks } from '../support/export-networks.js'
import { messyTables } from '../support/messy-table.js'

const options = { preprocessing: true, names: 'descent' } as const

describe('the exported module', () => {
  it.each([
    true,
    false,
  ])('answers as the engine for every layer and ending (preprocessing %s)', async (preprocessing) => {
    const chosen = { ...options, preprocessing }
    for (const { title, model, weights, expected } of [
      ...layerNetworks(),
      ...randomNetworks(50),
      ...messyTables(),
    ]) {
      const file = javascriptExporter.write(model, weights, chosen)
      expect([title, await javascriptExporter.verify?.(file, model, expected, chosen)]).toEqual([title, null])
    }
  })

  it('answers raw rows with the labels and probabilities of the service', () => {
    for (const table of messyTables()) {
      const predict = loadModule(javascriptExporter.write(table.model, table.weights, options))
      for (const [row, prediction] of predictionsOf(table).entries()) {
        expectPrediction(JSON.parse(JSON.stringify(predict(table.expected[row].row))), prediction)
      }
    }
  })
})
