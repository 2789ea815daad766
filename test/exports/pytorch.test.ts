/** The formats pytorch and safetensors with names=torch, executed with Debian's PyTorch. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TensorNames } from '../../src/contract/export.js'
import type { Prediction } from '../../src/contract/model.js'
import { firstDifference } from '../../src/exports/compare.js'
import { pytorchExporter } from '../../src/exports/pytorch/exporter.js'
import { safetensorsExporter } from '../../src/exports/safetensors/exporter.js'
import { expectPrediction, predictionsOf } from '../support/export-cases.js'
import { layerNetworks, type NamedExportable, randomNetworks } from '../support/export-networks.js'
import { messyTables } from '../support/messy-table.js'
import { runPython } from '../support/python.js'

/** Reads a line of JSON with the rows of each folder. */
const program = `
import importlib.util, json, sys
for line in sys.stdin:
    folder, rows = json.loads(line)
    spec = importlib.util.spec_from_file_location(folder, folder + "/model.py")
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    print(json.dumps(model.predict(model.load(), rows)))
`

interface Options {
  preprocessing: boolean
  names: TensorNames
}

function answersOf(networks: readonly NamedExportable[], options: Options): Prediction[][] {
  const root = mkdtempSync(join(tmpdir(), 'descent-torch-'))
  try {
    const lines = networks.map(({ model, weights, expected }) => {
      mkdirSync(join(root, model.id))
      for (const exporter of [pytorchExporter, safetensorsExporter]) {
        const { name, bytes } = exporter.write(model, weights, options)
        writeFileSync(join(root, model.id, name), bytes)
      }
      const rows = expected.map(({ row, inputs }) => (options.preprocessing ? row : Array.from(inputs)))
      return JSON.stringify([model.id, rows])
    })
    const output = runPython(program, lines.join('\n'), root)
    return output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  } finally {
    rmSync(root, { recursive: true })
  }
}

function expectEqual(networks: readonly NamedExportable[], options: Options): void {
  const answers = answersOf(networks, options)
  for (const [index, { title, model, expected }] of networks.entries()) {
    const rows = answers[index]
    const difference = firstDifference(model, expected, options, rows)
    expect([title, difference]).toEqual([title, null])
  }
}

describe('the exported PyTorch module', () => {
  it('answers as the engine for every layer and ending', { timeout: 60_000 }, () => {
    expectEqual([...layerNetworks(), ...randomNetworks(50)], { preprocessing: true, names: 'torch' })
  })

  it('reads raw columns as the service does, and the names of its weights', { timeout: 60_000 }, () => {
    const tables = messyTables()
    const answers = answersOf(tables, { preprocessing: true, names: 'descent' })
    for (const [index, table] of tables.entries()) {
      for (const [row, prediction] of predictionsOf(table).entries())
        expectPrediction(answers[index][row], prediction)
    }
  })

  it('takes the numbers of the network without preprocessing', { timeout: 60_000 }, () => {
    expectEqual(messyTables(), { preprocessing: false, names: 'torch' })
  })
})
