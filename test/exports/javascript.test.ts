/** The predictions of the format javascript. `verification.test.ts` compares their numbers for every network. */
import { describe, it } from 'vitest'
import { javascriptExporter, loadModule } from '../../src/exports/javascript/exporter.js'
import { expectPrediction, predictionsOf } from '../support/export-cases.js'
import { messyTables } from '../support/messy-table.js'

const options = { preprocessing: true, names: 'descent' } as const

describe('the exported module', () => {
  it('answers raw rows with the labels and probabilities of the service', () => {
    for (const table of messyTables()) {
      const predict = loadModule(javascriptExporter.write(table.model, table.weights, options))
      for (const [row, prediction] of predictionsOf(table).entries()) {
        expectPrediction(JSON.parse(JSON.stringify(predict(table.expected[row].row))), prediction)
      }
    }
  })
})
