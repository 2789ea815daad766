/** The format c, compiled with GCC without any warning and executed with sanitizers. */
import { describe, expect, it } from 'vitest'
import { cExporter } from '../../src/exports/c/exporter.js'
import { firstDifference } from '../../src/exports/compare.js'
import { runC, sanitizers } from '../support/c-programs.js'
import { type CAnswer, cProgram, readCAnswers } from '../support/c-rows.js'
import { exportable } from '../support/export-cases.js'
import { layerNetworks, type NamedExportable, randomNetworks } from '../support/export-networks.js'
import { messyTables } from '../support/messy-table.js'
import { wave } from '../support/training-case.js'

const options = { preprocessing: true, names: 'descent' } as const

/** The answers of the files of all networks in one program. */
function answersOf(networks: readonly NamedExportable[], flags: string[]): CAnswer[] {
  const models = networks.map(({ model, weights, expected }, index) => {
    const named = { ...model, name: `model${index}` }
    const source = Buffer.from(cExporter.write(named, weights, options).bytes).toString()
    return { model: named, source, rows: expected.map(({ row }) => row) }
  })
  return readCAnswers(runC({ 'main.c': cProgram(models) }, ['main.c'], flags))
}

function expectEqual(networks: readonly NamedExportable[], flags: string[]): void {
  const answers = answersOf(networks, flags)
  expect(answers.map(({ status }) => status).filter((status) => status !== 0)).toEqual([])
  for (const { title, model, expected } of networks) {
    const difference = firstDifference(model, expected, options, answers.splice(0, expected.length))
    expect([title, difference]).toEqual([title, null])
  }
}

describe('the exported C file', () => {
  it('answers as the engine for every layer and ending', { timeout: 120_000 }, () => {
    expectEqual([...layerNetworks(), ...randomNetworks(50)], sanitizers)
  })

  it('reads raw columns as the service does, optimized', { timeout: 60_000 }, () => {
    expectEqual(messyTables(), [...sanitizers, '-O2'])
  })

  it('computes derived features of rows that are arrays', { timeout: 60_000 }, () => {
    const derived = [
      { type: 'product' as const, of: ['x69', 'x3'], offset: 0.2, scale: 0.7 },
      { type: 'sin' as const, of: ['x0'], offset: 0, scale: 1 },
    ]
    const features = Array.from({ length: 70 }, (_, index) => ({
      ...{ type: 'number' as const, name: `x${index}`, offset: index / 10, scale: 1 + index / 50 },
    }))
    const network = { inputShape: [72], layers: [{ type: 'dense' as const, units: 3 }] }
    const rows = [1, 2, 3].map((phase) => wave(70, phase))
    expectEqual(
      [{ title: 'wide', ...exportable({ id: 'wide', network, features, derived, rows }) }],
      sanitizers,
    )
  })

  it('names the column that is missing', { timeout: 60_000 }, () => {
    const network = { inputShape: [2], layers: [{ type: 'dense' as const, units: 1 }] }
    const { model, weights } = exportable({ id: 'm', network })
    const source = Buffer.from(cExporter.write(model, weights, options).bytes).toString()
    const lines = runC(
      {
        'model.c': source,
        'main.c': `#include <stdio.h>
#include "model.c"
int main(void) {
  const struct model_row rows[] = {{1, 2}, {NAN, 2}, {1, NAN}, {1e300, 1}};
  struct model_prediction prediction;
  int i;
  for (i = 0; i < 4; i++) printf("%d\\n", model_predict(&rows[i], &prediction));
  return 0;
}`,
      },
      ['main.c'],
      sanitizers,
    )
    expect(lines).toEqual(['0', '1', '2', '1'])
  })

  it('refuses a model of more than a million parameters, and names what holds it', () => {
    const network = { inputShape: [1_000], layers: [{ type: 'dense' as const, units: 1_000 }] }
    const { model } = exportable({ id: 'm', network, rows: [] })
    expect(cExporter.refusal(model, options)).toBe(
      'The format c holds at most 1,000,000 parameters, but this model has 1,001,000. Export it as onnx or safetensors.',
    )
  })
})
