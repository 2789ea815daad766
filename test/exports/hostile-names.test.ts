/** Names that could end a comment, a text or an identifier of generated code. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FeatureCoding } from '../../src/contract/dataset.js'
import { cExporter } from '../../src/exports/c/exporter.js'
import { javascriptExporter, loadModule } from '../../src/exports/javascript/exporter.js'
import { pytorchExporter } from '../../src/exports/pytorch/exporter.js'
import { runC } from '../support/c-programs.js'
import { cProgram, readCAnswers } from '../support/c-rows.js'
import { expectPrediction, exportable, predictionsOf } from '../support/export-cases.js'
import { python } from '../support/python.js'

const hostile = [
  '*/ int',
  '"""',
  "'); x(",
  '`\u0024{x}`',
  'a\\',
  'a\n',
  '__proto__',
  'int',
  'int_',
  '</script>',
  '??/',
  '\u2028',
]
const options = { preprocessing: true, names: 'descent' } as const

const features: FeatureCoding[] = hostile.map((name) => ({
  type: 'category',
  name,
  categories: hostile.toSorted(),
  imputation: 'int',
}))
const table = exportable({
  id: 'mdl_1',
  network: {
    inputShape: [hostile.length ** 2],
    layers: [{ type: 'dense', units: hostile.length, activation: 'softmax' }],
  },
  loss: 'categoricalCrossentropy',
  features,
  target: { type: 'oneHot', name: '*/', classes: hostile },
  rows: [hostile.toReversed(), hostile.map(() => null), hostile],
})
const model = { ...table.model, name: '*/ #include "x" """ `' }

describe('names of columns and classes', () => {
  it('are texts in JavaScript', () => {
    const predict = loadModule(javascriptExporter.write(model, table.weights, options))
    for (const [row, prediction] of predictionsOf(table).entries()) {
      const { probabilities = {}, ...answer } = predict(table.expected[row].row) as { probabilities?: object }
      const { probabilities: expected = {}, ...rest } = prediction
      expectPrediction(JSON.parse(JSON.stringify(answer)), rest)
      expect(Object.keys(probabilities)).toEqual(Object.keys(expected))
    }
  })

  it('are texts in C', { timeout: 30_000 }, () => {
    const source = Buffer.from(cExporter.write(model, table.weights, options).bytes).toString()
    const rows = table.expected.map(({ row }) => row)
    const lines = runC({ 'main.c': cProgram([{ model, source, rows }]) }, ['main.c'])
    expect(lines.length).toBeGreaterThanOrEqual(2 * rows.length)
    expect(readCAnswers(lines.slice(0, 2)).map(({ status }) => status)).toEqual([0])
  })

  it('are texts in Python', { timeout: 30_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'descent-names-'))
    try {
      writeFileSync(join(folder, 'model.py'), pytorchExporter.write(model, table.weights, options).bytes)
      const { stderr, stdout } = spawnSync(
        python,
        ['-c', 'import json, model; print(json.dumps([c["name"] for c in model.COLUMNS]))'],
        { cwd: folder, encoding: 'utf8' },
      )
      expect(stderr).toBe('')
      expect(JSON.parse(stdout)).toEqual(hostile)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the types of the JavaScript module', () => {
  it('are those of a prediction', { timeout: 60_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'descent-types-'))
    try {
      writeFileSync(join(folder, 'model.mjs'), javascriptExporter.write(model, table.weights, options).bytes)
      writeFileSync(
        join(folder, 'use.mts'),
        `import { predict } from './model.mjs'
const answer = predict({ age: 3, city: null, member: true, joined: '2024-01-31' })
export const label: string | undefined = answer.label
export const outputs: number[] = answer.output
// @ts-expect-error: a row has no lists
predict({ age: [3] })
`,
      )
      const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc')
      const flags = [
        '--noEmit',
        '--strict',
        '--allowJs',
        '--target',
        'es2022',
        '--module',
        'nodenext',
        'use.mts',
      ]
      const { stdout, status } = spawnSync(tsc, flags, { cwd: folder, encoding: 'utf8' })
      expect([status, stdout]).toEqual([0, ''])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
