/** Runs exported ONNX files with ONNX Runtime (https://onnxruntime.ai), where its package is installed. */
import type { InferenceSession, Tensor } from 'onnxruntime-web'
import type { Cell, FeatureCoding } from '../../contract/dataset.js'
import { parseDate } from '../../datasets/date-text.js'
import { type InputRow, isList } from '../../datasets/raw-rows.js'
import type { ExportedAnswer } from '../compare.js'
import type { ExpectedPrediction, ExportableModel, ExportOptions } from '../exporter.js'
import { importOptional } from '../optional-package.js'
import { hasWholeInput, modelSignature } from '../signature.js'

type Runtime = typeof import('onnxruntime-web')

/** Null if the package is not installed. */
export function loadRuntime(): Promise<Runtime | null> {
  return importOptional(async () => {
    const runtime = await import('onnxruntime-web')
    runtime.env.wasm.numThreads = 1
    runtime.env.logLevel = 'error'
    return runtime
  })
}

/** The answer of the file for each row. Rows that an ONNX file cannot take as they are must have been left out. */
export async function runRows(
  runtime: Runtime,
  file: Uint8Array,
  model: ExportableModel,
  rows: readonly ExpectedPrediction[],
  { preprocessing }: Pick<ExportOptions, 'preprocessing'>,
): Promise<ExportedAnswer[]> {
  const session = await runtime.InferenceSession.create(file)
  try {
    const answers: ExportedAnswer[] = []
    for (const { row, inputs } of rows) {
      const feeds = preprocessing ? rawFeeds(runtime, model, row) : bareFeeds(runtime, model, inputs)
      answers.push(readAnswer(await session.run(feeds)))
    }
    return answers
  } finally {
    await session.release()
  }
}

function readAnswer({ output, label }: InferenceSession.ReturnType): ExportedAnswer {
  const numbers = Array.from(output.data, Number)
  return label === undefined ? { output: numbers } : { output: numbers, label: String(label.data[0]) }
}

type Feeds = Record<string, Tensor>

function bareFeeds({ Tensor }: Runtime, { layers }: ExportableModel, inputs: Float32Array): Feeds {
  return { input: new Tensor('float32', inputs, [1, ...(layers[0]?.inputShape ?? [])]) }
}

function rawFeeds({ Tensor }: Runtime, model: ExportableModel, row: InputRow): Feeds {
  const { features } = model.coding
  const { inputs } = modelSignature(model)
  const cells = features.map((feature, index) => readCell(row, feature, index))
  if (hasWholeInput(model)) {
    const [{ name, shape }] = inputs
    const numbers = features.map((feature, index) => toNumber(feature, cells[index]) ?? Number.NaN)
    return { [name]: new Tensor('float64', Float64Array.from(numbers), [1, ...shape.slice(1)]) }
  }
  const tensors = features.map((feature, index) =>
    feature.type === 'category'
      ? new Tensor('string', [toText(cells[index])], [1, 1])
      : new Tensor('float64', Float64Array.of(toNumber(feature, cells[index]) ?? Number.NaN), [1, 1]),
  )
  return Object.fromEntries(inputs.map(({ name }, index) => [name, tensors[index]]))
}

/** Whether the cells are what the inputs of an ONNX file take: texts in place of numbers are not. */
export function isFeedable({ coding: { features } }: ExportableModel, row: InputRow): boolean {
  return features.every((feature, index) => {
    const cell = readCell(row, feature, index)
    return feature.type === 'category' || cell === null || toNumber(feature, cell) !== undefined
  })
}

const readCell = (row: InputRow, { name }: FeatureCoding, index: number): Cell =>
  (isList(row) ? row[index] : row[name]) ?? null

const toText = (cell: Cell) =>
  String(cell ?? '')
    .trim()
    .normalize('NFC')

/** Days since 1970-01-01 of a date, 0 and 1 of a boolean. Undefined for anything else that is no number. */
function toNumber({ type }: FeatureCoding, cell: Cell): number | undefined {
  if (type === 'date') return typeof cell === 'string' ? parseDate(cell) : undefined
  return typeof cell === 'number' || typeof cell === 'boolean' ? Number(cell) : undefined
}
