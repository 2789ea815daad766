/** A model on labelled rows that it was not trained on: the same evaluation as after its training. */
import type { Cell, DatasetWarning, GeneratedDataset, StoredColumn } from '../contract/dataset.js'
import type { EvaluationRequest, ModelEvaluation } from '../contract/evaluate.js'
import type { Model } from '../contract/model.js'
import { defaultPreparation, type Preparation } from '../contract/preparation.js'
import { Problem } from '../contract/problems.js'
import { builtIn } from '../datasets/built-ins.js'
import { likeModel } from '../datasets/like.js'
import { type Prepared, prepare } from '../datasets/prepare.js'
import type { Read } from '../datasets/reading/batch.js'
import type { UploadReader } from '../datasets/reading/upload-reader.js'
import type { Table } from '../datasets/table.js'
import type { DatasetStore, ModelStore, PredictorPool } from './ports.js'
import { asProblem, type Upload } from './upload.js'

export interface EvaluateDependencies {
  models: Pick<ModelStore, 'get'>
  datasets: Pick<DatasetStore, 'get' | 'rows'>
  predictors: Pick<PredictorPool, 'evaluate'>
}

interface Labelled {
  table: Table
  droppedRows: number
  warnings: DatasetWarning[]
}

/** Throws Problem `not-found` of the model or the dataset, or `invalid-dataset` naming what does not fit the model. */
export async function evaluateRows(
  dependencies: EvaluateDependencies,
  modelId: string,
  request: EvaluationRequest,
): Promise<ModelEvaluation> {
  return evaluate(dependencies, modelId, async (model) => {
    if ('dataset' in request) return storedRows(dependencies.datasets, request.dataset)
    return collect(prepare(readerOf(request.rows), preparationOf(model)))
  })
}

/** The rows of a file, read with the types of the model. Nothing is stored. */
export async function evaluateFile(
  dependencies: EvaluateDependencies,
  modelId: string,
  reader: UploadReader,
  upload: Omit<Upload, 'preparation' | 'name'> & { missingValues: string[] | undefined },
): Promise<ModelEvaluation> {
  const { missingValues, ...request } = upload
  return evaluate(dependencies, modelId, (model) =>
    reader.read({ ...request, preparation: { ...preparationOf(model), missingValues } }, collect),
  )
}

async function evaluate(
  { models, predictors }: EvaluateDependencies,
  modelId: string,
  rowsFor: (model: Model) => Promise<Labelled>,
): Promise<ModelEvaluation> {
  const model = await models.get(modelId)
  if (model === null) throw new Problem('not-found', `There is no model ${modelId}.`)
  try {
    const { table, droppedRows, warnings } = await rowsFor(model)
    const evaluation = await predictors.evaluate(model, table)
    return { modelId, evaluation, droppedRows, warnings }
  } catch (error) {
    throw asProblem(error)
  }
}

const preparationOf = ({ coding }: Model): Preparation => ({ ...defaultPreparation, like: likeModel(coding) })

async function storedRows(
  datasets: EvaluateDependencies['datasets'],
  dataset: string | GeneratedDataset,
): Promise<Labelled> {
  const table = typeof dataset === 'string' ? builtIn(dataset) : builtIn(dataset)
  if (table !== undefined) return { table, droppedRows: 0, warnings: [] }
  const found = typeof dataset === 'string' ? await datasets.get(dataset) : null
  const stored = found === null ? null : await datasets.rows(found.id, 0, found.rows)
  if (stored === null) throw new Problem('not-found', `There is no dataset ${String(dataset)}.`)
  return { table: stored, droppedRows: 0, warnings: [] }
}

/** Rows of a request as a file of one batch of texts; they are few. */
function readerOf(rows: readonly Readonly<Record<string, Cell>>[]): Read {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const columns = names.map((name) => ({ name: name.trim().normalize('NFC') }))
  return async function* () {
    yield { type: 'source', source: { columns, warnings: [] } }
    const cells = names.map((name) => ({
      type: 'text' as const,
      cells: rows.map((row) => (Object.hasOwn(row, name) ? String(row[name] ?? '').normalize('NFC') : '')),
    }))
    yield { type: 'batch', batch: { rows: rows.length, columns: cells } }
  }
}

async function collect(pieces: AsyncIterable<Prepared>): Promise<Labelled> {
  const chunks: Uint8Array[] = []
  for await (const piece of pieces) {
    if (piece.type === 'rows') {
      chunks.push(piece.bytes)
      continue
    }
    const { columns, rows, droppedRows, warnings } = piece.dataset
    return { table: { columns: columns satisfies StoredColumn[], rows, chunks }, droppedRows, warnings }
  }
  throw new Error('the rows to evaluate ended before it was said what they are')
}
