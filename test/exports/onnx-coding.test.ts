/** Random codings in ONNX files: the network gets the inputs of the service to the last bit. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Cell, DatePart, FeatureCoding } from '../../src/contract/dataset.js'
import type { DerivedCoding } from '../../src/contract/derived-feature.js'
import { featureWidth, inputCount } from '../../src/datasets/feature-coding.js'
import { encodeRows } from '../../src/datasets/raw-rows.js'
import { textOfDays } from '../../src/exports/date-cells.js'
import { onnxExporter } from '../../src/exports/onnx/onnx-exporter.js'
import { type Exportable, exportableModel } from '../support/exportable.js'
import {
  checkOnnxFiles,
  float64Tensor,
  numbersOf,
  onnxPython,
  runOnnx,
  stringTensor,
} from '../support/onnx.js'
import { testSeeds } from '../support/test-seeds.js'

const files: Uint8Array[] = []
const rowCount = 12

const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true })
const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true })
const missingTexts = fc.option(fc.subarray(['na', '-99', '-1.5', '0', 'unknown', '1']), { nil: undefined })
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const words = ['a', 'B', 'na', 'NA', 'x y', 'Zürich', '-99', 'true', '1']
const partNames: DatePart[] = ['year', 'month', 'dayOfWeek', 'daysSinceFirst']

const numberCoding = fc.record({
  type: fc.constant('number' as const),
  offset: finite,
  scale: positive,
  imputation: optional(finite),
  missingTexts,
})
const booleanCoding = fc.record({
  type: fc.constant('boolean' as const),
  imputation: optional(fc.boolean()),
  missingTexts,
})
const categoryCoding = fc
  .record({ categories: fc.subarray(words, { minLength: 1 }), unseen: fc.subarray(words), missingTexts })
  .chain(({ categories, unseen, ...rest }) =>
    fc.record({
      type: fc.constant('category' as const),
      categories: fc.constant(categories),
      unseen: fc.constant(unseen.filter((word) => categories.includes(word))),
      imputation: optional(fc.constantFrom(...words)),
      missingTexts: fc.constant(rest.missingTexts),
    }),
  )
const dateCodings = fc.record({
  type: fc.constant('date' as const),
  first: fc.integer({ min: -30_000, max: 30_000 }),
  parts: fc
    .shuffledSubarray(partNames, { minLength: 4 })
    .chain((parts) =>
      fc.tuple(
        ...parts.map((part) => fc.record({ part: fc.constant(part), offset: finite, scale: positive })),
      ),
    ),
  imputation: optional(fc.integer({ min: -30_000, max: 30_000 })),
  missingTexts,
})

const codings = fc
  .array(fc.oneof(numberCoding, booleanCoding, categoryCoding, dateCodings), { minLength: 1, maxLength: 6 })
  .map((features) =>
    features.map((feature, index): FeatureCoding => ({ ...feature, name: `column ${index}` })),
  )

/** A cell, and the same as a user of the file gives it. */
interface Given {
  cell: Cell
  value: number | string
}

function cellsOf({ type }: FeatureCoding): fc.Arbitrary<Given> {
  const missing = fc.constant<Given>({ cell: null, value: type === 'category' ? '' : Number.NaN })
  switch (type) {
    case 'number':
      return fc.oneof(
        missing,
        fc.oneof(finite, fc.constantFrom(-99, -1.5, 0, 1)).map((value) => ({ cell: value, value })),
      )
    case 'boolean':
      return fc.oneof(
        missing,
        fc.boolean().map((cell) => ({ cell: Number(cell), value: Number(cell) })),
      )
    case 'category':
      return fc.oneof(
        missing,
        fc.constantFrom(...words, 'Na', '?', 'unknown', 'UNKNOWN').map((cell) => ({ cell, value: cell })),
      )
    case 'date':
      return fc.oneof(
        missing,
        fc
          .integer({ min: -600_000, max: 2_900_000 })
          .map((days) => ({ cell: textOfDays(days), value: days })),
      )
    default:
      return type satisfies never
  }
}

/** Any order of derived features of the number columns. */
function derivedOf(features: readonly FeatureCoding[]): fc.Arbitrary<DerivedCoding[]> {
  const numbers = features.flatMap(({ name, type }) => (type === 'number' ? [name] : []))
  if (numbers.length === 0) return fc.constant([])
  const name = fc.constantFrom(...numbers)
  const scales = { offset: finite, scale: positive }
  return fc.array(
    fc.oneof(
      fc.record({
        type: fc.constantFrom('square' as const, 'sin' as const),
        of: name.map((each) => [each]),
        ...scales,
      }),
      fc.record({
        type: fc.constant('product' as const),
        of: fc.tuple(name, name).map((both) => [...both]),
        ...scales,
      }),
    ),
    { maxLength: 4 },
  )
}

const cases = codings.chain((features) =>
  fc.record({
    features: fc.constant(features),
    derived: derivedOf(features),
    rows: fc.array(fc.tuple(...features.map(cellsOf)), { minLength: rowCount, maxLength: rowCount }),
  }),
)

/** The outputs are the inputs. */
function identityModel(features: FeatureCoding[], derived: DerivedCoding[]): Exportable {
  const width = inputCount({ features, derived })
  const layers = [{ type: 'dense' as const, units: width, useBias: false }]
  const exportable = exportableModel({ network: { inputShape: [width], layers }, loss: 'huber' }, 1, {
    features,
    derived,
  })
  const identity = new Float32Array(width * width)
  for (let index = 0; index < width; index++) identity[index * (width + 1)] = 1
  exportable.weights.set('layers.0.weight', { shape: [width, width], values: identity })
  return exportable
}

async function runFile(
  features: FeatureCoding[],
  derived: DerivedCoding[],
  rows: readonly Given[][],
): Promise<number[][]> {
  const { model, weights } = identityModel(features, derived)
  const { bytes } = onnxExporter.write(model, weights, { preprocessing: true, names: 'descent' })
  files.push(bytes)
  const feeds = features.map(({ name, type }, index) => {
    const values = rows.map((row) => row[index].value)
    const shape = [rows.length, 1]
    return [
      name,
      type === 'category'
        ? stringTensor(values.map(String), shape)
        : float64Tensor(values.map(Number), shape),
    ]
  })
  const { output } = await runOnnx(bytes, Object.fromEntries(feeds))
  const numbers = numbersOf(output)
  const width = numbers.length / rows.length
  return rows.map((_, row) => numbers.slice(row * width, (row + 1) * width))
}

test('rows of random codings have the inputs of the service, or NaN where it refuses them', {
  timeout: 60_000,
}, async () => {
  const [seed] = testSeeds(1)
  let encodedRows = 0
  for (const { features, derived, rows } of fc.sample(cases, { seed, numRuns: 80 })) {
    const actual = await runFile(features, derived, rows)
    const target = { type: 'number' as const, names: ['y'] }
    const cells = rows.map((row) => row.map(({ cell }) => cell))
    const { inputs, rows: coded } = encodeRows({ features, derived, target }, cells)
    const width = inputCount({ features, derived })
    const encoded = new Map(
      coded.map(({ row }, index) => [row, [...inputs.subarray(index * width, (index + 1) * width)]]),
    )
    for (const [row, given] of actual.entries()) {
      const expected = encoded.get(row)
      if (expected === undefined)
        expect(given.some(Number.isNaN), JSON.stringify({ features, row: rows[row] })).toBe(true)
      else
        expect(given.map(positiveZero), JSON.stringify({ features, row: rows[row] })).toEqual(
          expected.map(positiveZero),
        )
    }
    encodedRows += coded.length
    expect(width).toBe(features.reduce((sum, feature) => sum + featureWidth(feature), derived.length))
  }
  expect(encodedRows).toBeGreaterThan(200)
})

const positiveZero = (value: number) => (value === 0 ? 0 : value)

test.skipIf(onnxPython === undefined)('files of random codings pass the checker of the onnx package', () => {
  expect(files).toHaveLength(80)
  expect(checkOnnxFiles(onnxPython ?? '', files)).toBe('')
})
