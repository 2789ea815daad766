/** Evaluates a model on labelled rows, with the metrics of its training. */

import { type RunsInTurn, TenantTurns } from '../base/tenant-turns.js'
import type { DatasetWarning, GeneratedDataset } from '../contract/dataset.js'
import type { Model } from '../contract/model.js'
import type { EvaluationRequest, ModelEvaluation } from '../contract/model-evaluation.js'
import { defaultPreparation, type Preparation } from '../contract/preparation.js'
import { Problem, unknownModel } from '../contract/problems.js'
import { builtIn } from '../datasets/built-ins.js'
import { likeModel } from '../datasets/like.js'
import { PackedRows } from '../datasets/packed-rows.js'
import { type Prepared, prepare } from '../datasets/prepare.js'
import type { Read } from '../datasets/reading/batch.js'
import type { UploadReader } from '../datasets/reading/upload-reader.js'
import { DatasetError, type Table } from '../datasets/table.js'
import type { DatasetStore } from './ports/datasets.js'
import type { ModelStore } from './ports/models.js'
import type { PredictorPool } from './ports/predictor-pool.js'
import type { Labelled, NamedRows, RequestThread } from './ports/request-thread.js'
import { asProblem, type Upload } from './upload.js'

export interface EvaluateDependencies {
  tenantId: string
  models: Pick<ModelStore, 'get'>
  datasets: Pick<DatasetStore, 'get' | 'rows'>
  predictors: Pick<PredictorPool, 'evaluate'>
  thread: Pick<RequestThread, 'prepare'>
  /** Limits evaluations, each of which has a whole dataset in memory. */
  turns: RunsInTurn
}

interface FileToEvaluate extends Omit<Upload, 'preparation' | 'name'> {
  preparation: Pick<Preparation, 'missingValues' | 'decimal'>
}

/** Concurrent evaluations of stored datasets. Each has a whole dataset in memory. */
const datasetsAtOnce = 3

export const turnsOfDatasets = () =>
  new TenantTurns({
    what: 'evaluations of datasets',
    atOnce: datasetsAtOnce,
    perTenant: datasetsAtOnce - 1,
    seconds: 60,
  })

/** A generated dataset is generated in the thread that evaluates it. */
type Rows = Omit<Labelled, 'table'> & { table: Table | GeneratedDataset }

/** @throws Problem `not-found` for the model or dataset, or `invalid-dataset` if the columns do not fit the model */
export async function evaluateRows(
  dependencies: EvaluateDependencies,
  modelId: string,
  request: EvaluationRequest,
  signal: AbortSignal,
): Promise<ModelEvaluation> {
  const model = await requireModel(dependencies, modelId)
  try {
    if (request.dataset !== undefined) {
      return await evaluateDataset(dependencies, model, request.dataset, signal)
    }
    const labelled = await labelledRows(dependencies, request.rows ?? [], readPreparation(model))
    return await evaluate(dependencies, model, labelled, signal)
  } catch (error) {
    throw asProblem(error)
  }
}

/**
 * Evaluates the rows of a file, read with the column types of the model. Stores nothing. Throws what `evaluateRows`
 * throws.
 */
export async function evaluateFile(
  dependencies: EvaluateDependencies,
  modelId: string,
  reader: UploadReader,
  { preparation, options, ...upload }: FileToEvaluate,
): Promise<ModelEvaluation> {
  const model = await requireModel(dependencies, modelId)
  const { width, height, channels } = model.coding.image ?? {}
  const pictures = Object.entries({ width, height, channels }).filter(([, value]) => value !== undefined)
  const request = {
    ...upload,
    options: { ...Object.fromEntries(pictures), ...options },
    preparation: { ...readPreparation(model), ...preparation },
  }
  try {
    // The reader limits the files in memory.
    return await reader.read(request, async (pieces) =>
      evaluate(dependencies, model, await collect(pieces), upload.signal),
    )
  } catch (error) {
    throw asProblem(error)
  }
}

async function requireModel({ models }: Pick<EvaluateDependencies, 'models'>, id: string): Promise<Model> {
  const model = await models.get(id)
  if (model === null) throw unknownModel(id)
  return model
}

/** Rows without a target are ignored, but counted. */
function readPreparation({ coding }: Model): Preparation {
  const like = likeModel(coding).map((column) => ({ ...column, keepsMissing: true }))
  return { ...defaultPreparation, like }
}

async function evaluate(
  { tenantId, predictors }: EvaluateDependencies,
  model: Model,
  { table, droppedRows, warnings }: Rows,
  signal: AbortSignal,
): Promise<ModelEvaluation> {
  const outcome = await predictors.evaluate(tenantId, model, { table, only: null }, signal)
  if (outcome.type === 'refused') throw new Problem(outcome.code, outcome.message)
  const { evaluation, unlabelled } = outcome
  return { modelId: model.id, evaluation, droppedRows: droppedRows + unlabelled, warnings }
}

async function evaluateDataset(
  dependencies: EvaluateDependencies,
  model: Model,
  dataset: string | GeneratedDataset,
  signal: AbortSignal,
): Promise<ModelEvaluation> {
  const { datasets, turns, tenantId } = dependencies
  const all = { droppedRows: 0, warnings: [] }
  const builtInData = typeof dataset === 'string' ? builtIn(dataset) : dataset
  if (builtInData !== undefined) return evaluate(dependencies, model, { table: builtInData, ...all }, signal)
  const readAndEvaluate = async () => {
    const table = await wholeTable(datasets, String(dataset))
    return evaluate(dependencies, model, { table, ...all }, signal)
  }
  return turns.run(tenantId, readAndEvaluate, signal)
}

/**
 * Reads a table chunk by chunk, so that none blocks the event loop.
 * @throws Problem `not-found`
 */
export async function wholeTable(datasets: Pick<DatasetStore, 'get' | 'rows'>, id: string): Promise<Table> {
  const found = await datasets.get(id)
  const chunks: Uint8Array[] = []
  for (let first = 0; found !== null; ) {
    const slice = await datasets.rows(id, first, 1)
    if (slice === null || slice.chunks.length === 0) break
    chunks.push(...slice.chunks)
    first = slice.first + slice.chunks.reduce((rows, bytes) => rows + new PackedRows(bytes).rows, 0)
    if (first >= slice.rows) return { columns: slice.columns, rows: slice.rows, chunks }
  }
  throw new Problem('not-found', `There is no dataset ${id}.`)
}

/** Maximum number of cells that the event loop reads. */
const cellsAtOnce = 2_000
/** Maximum number of cells. Rows may have different columns, so a short request could have many cells. */
const maximumCells = 5_000_000

/** @throws DatasetError if the rows are no table */
async function labelledRows(
  { tenantId, thread }: Pick<EvaluateDependencies, 'tenantId' | 'thread'>,
  rows: NamedRows,
  preparation: Preparation,
): Promise<Labelled> {
  const names = new Set<string>()
  for (const row of rows) for (const name of Object.keys(row)) names.add(name)
  const cells = rows.length * names.size
  if (cells > maximumCells) {
    const message = `${rows.length} rows with ${names.size} different columns are more than ${maximumCells} cells: send them in parts`
    throw new DatasetError('dataset-too-large', message)
  }
  if (cells <= cellsAtOnce) return prepareRows(rows, preparation)
  const outcome = await thread.prepare(tenantId, rows, preparation)
  if ('refused' in outcome) throw new DatasetError(outcome.refused, outcome.message)
  return outcome
}

/**
 * The rows of a request as a table.
 * @throws DatasetError if the rows are no table
 */
export async function prepareRows(rows: NamedRows, preparation: Preparation): Promise<Labelled> {
  return collect(prepare(createReader(rows), preparation))
}

/** Reads the rows of a request as a file with a single batch of texts. */
function createReader(rows: NamedRows): Read {
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

/** The warnings that an evaluation reports. Others concern trainings alone. */
const guessed: readonly DatasetWarning['code'][] = ['assumption', 'decimal-comma']

async function collect(pieces: AsyncIterable<Prepared>): Promise<Labelled> {
  const chunks: Uint8Array[] = []
  for await (const piece of pieces) {
    if (piece.type === 'rows') {
      chunks.push(piece.bytes)
      continue
    }
    const { columns, rows, droppedRows, warnings } = piece.dataset
    const guesses = warnings.filter(({ code }) => guessed.includes(code))
    return { table: { columns, rows, chunks }, droppedRows, warnings: guesses }
  }
  throw new Error('the rows to evaluate ended without a description')
}
