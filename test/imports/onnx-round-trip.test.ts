/** Files of this service come back as they were, by their metadata, and without it by their operators. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { elementCount, SpecError } from '../../src/engine/index.js'
import { onnxExporter } from '../../src/exports/onnx/onnx-exporter.js'
import type { ImportedModel } from '../../src/imports/build-model.js'
import { importModel } from '../../src/imports/import-model.js'
import { type Exportable, exportableModel } from '../support/exportable.js'
import { randomTrainings } from '../support/random-training.js'
import { testSeeds } from '../support/test-seeds.js'
import { type SpecInput, wave } from '../support/training-case.js'
import { answer } from './fixtures.js'
import { withMetadata } from './onnx-files.js'

const bytesOf = ({ weights }: Exportable) =>
  Buffer.concat(
    [...weights.values()].map(({ values }) =>
      Buffer.from(values.buffer, values.byteOffset, values.byteLength),
    ),
  )

const bare = { preprocessing: false, names: 'descent' } as const
const whole = { preprocessing: true, names: 'descent' } as const

const outputs = (model: ImportedModel) =>
  Array.from(answer(model, wave(2 * elementCount(model.network.inputShape ?? []), 3)))

it('200 random networks keep their layers, weights and coding', () => {
  const [seed] = testSeeds(1)
  let compared = 0
  for (const { spec } of fc.sample(randomTrainings, { seed, numRuns: 400 })) {
    const exportable = fitting(spec, compared)
    if (exportable === null || compared === 200) continue
    compared += 1
    const { model, weights } = exportable
    for (const options of [bare, whole]) {
      const imported = importModel(onnxExporter.write(model, weights, options).bytes, {})
      expect(imported.network).toEqual(model.network)
      expect(imported.coding).toEqual(model.coding)
      expect(imported.loss).toBe(model.loss)
      expect(Buffer.from(imported.weights).equals(bytesOf(exportable))).toBe(true)
    }
  }
  expect(compared).toBe(200)
})

it('200 random networks answer the same after their metadata is removed', () => {
  const [seed] = testSeeds(1)
  let compared = 0
  let refused = 0
  let largest = 0
  for (const { spec } of fc.sample(randomTrainings, { seed, numRuns: 400 })) {
    const exportable = fitting(spec, compared)
    if (exportable === null || compared + refused === 200) continue
    const { model, weights } = exportable
    const file = onnxExporter.write(model, weights, bare).bytes
    const stripped = withMetadata(file, {})
    const isLocal = model.network.layers.some(({ type }) => type.startsWith('locallyConnected'))
    const isEmpty = model.network.layers.every(({ type }) => type === 'dropout')
    if (isLocal || isEmpty) {
      expect(() => importModel(stripped, {})).toThrow(
        isLocal ? '(Gather) cannot be imported' : 'computes nothing',
      )
      refused += 1
      continue
    }
    const before = outputs(importModel(file, {}))
    const after = outputs(importModel(stripped, {}))
    for (const [index, value] of before.entries()) {
      largest = Math.max(largest, Math.abs(value - after[index]) / Math.max(1, Math.abs(value)))
    }
    compared += 1
  }
  expect(compared).toBeGreaterThan(100)
  // An activation after a linear layer becomes part of that layer, which may round once less.
  expect(largest).toBeLessThan(1e-6)
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
