/** Exported files are executed before they are sent, where a runtime is installed. */
import { describe, expect, it } from 'vitest'
import type { ExportFormat } from '../../src/contract/export.js'
import { exporters } from '../../src/exports/formats.js'
import { importOptional } from '../../src/exports/optional-package.js'
import { layerNetworks, type NamedExportable, randomNetworks } from '../support/export-networks.js'
import { messyTables } from '../support/messy-table.js'

const executed = ['javascript', 'onnx', 'tfjs'] as const satisfies readonly ExportFormat[]

function verify(format: ExportFormat, each: Omit<NamedExportable, 'title'>, preprocessing: boolean) {
  const exporter = exporters[format]
  const chosen = options(preprocessing)
  const file = exporter.write(each.model, each.weights, chosen)
  if (exporter.verify === undefined) throw new Error(`${format} is not verified`)
  return exporter.verify(file, each.model, each.expected, chosen)
}

const options = (preprocessing: boolean) => ({ preprocessing, names: 'descent' }) as const
const all = [...layerNetworks(), ...randomNetworks(50), ...messyTables()]

/** The models of the list that the format holds, and its reasons to refuse the others. */
function partition(format: ExportFormat) {
  const reasons = all.map(({ model }) => exporters[format].refusal(model, options(true)))
  return {
    held: all.filter((_, index) => reasons[index] === null),
    reasons: reasons.filter((each) => each !== null),
  }
}

describe.each(executed)('verification of %s', (format) => {
  const inputs = format === 'tfjs' ? [false] : [true, false]

  it.each(inputs)('finds no difference (preprocessing %s)', { timeout: 120_000 }, async (preprocessing) => {
    const { held } = partition(format)
    expect(held.length).toBeGreaterThan(100)
    for (const each of held) {
      expect([each.title, await verify(format, each, preprocessing)]).toEqual([each.title, null])
    }
  })

  it('finds a weight that differs, and names the row', async () => {
    const each = layerNetworks().find(({ title }) => title.startsWith('dense, relu'))
    if (each === undefined) throw new Error('no such network')
    const weights = new Map(each.weights)
    const bias = weights.get('layers.1.bias')
    if (bias === undefined) throw new Error('no such tensor')
    weights.set('layers.1.bias', { ...bias, values: bias.values.map((value) => value + 0.01) })
    expect(await verify(format, { ...each, weights }, false)).toMatch(
      /^Output 0 of row 0 is -?\d.* instead of /,
    )
  })
})

describe('the format tfjs', () => {
  it('refuses what TensorFlow.js lacks, and nothing else', () => {
    const reasons = new Set(partition('tfjs').reasons)
    expect(reasons.size).toBeGreaterThan(2)
    for (const reason of reasons) expect(reason).toMatch(/locallyConnected|"step"/)
  })
})

describe('a package that only verifies', () => {
  it('may be absent', async () => {
    const absent = 'no-such-package-of-descent'
    expect(await importOptional(() => import(absent))).toBeNull()
  })

  it('must load if it is installed', async () => {
    const load = () => Promise.reject(new Error('broken package'))
    await expect(importOptional(load)).rejects.toThrow('broken package')
  })
})
