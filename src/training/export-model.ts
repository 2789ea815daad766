/** Writes a model as a file of another program, verified before it is sent. */
import { hash } from 'node:crypto'
import { TenantTurns } from '../base/tenant-turns.js'
import type { GeneratedDataset } from '../contract/dataset.js'
import type { ExportFormat } from '../contract/export.js'
import type { Model } from '../contract/model.js'
import { Problem, unknownModel } from '../contract/problems.js'
import type { InputRow } from '../datasets/raw-rows.js'
import type { ExportedFile, Exporter, ExportOptions } from '../exports/exporter.js'
import { exporters, exportVersion } from '../exports/formats.js'
import { datasetRows, type RowSources } from './dataset-rows.js'
import type { ExportThread } from './ports/export-thread.js'
import type { JobStore } from './ports/jobs.js'
import type { AllModels, ModelStore } from './ports/models.js'

export interface ExportDependencies extends RowSources {
  tenantId: string
  models: Pick<ModelStore, 'get'>
  all: Pick<AllModels, 'weights'>
  jobs: Pick<JobStore, 'get'>
  thread: ExportThread
  /** Of exports that hold a whole model in memory. */
  turns: TenantTurns
}

interface ExportRequest {
  format: ExportFormat
  options: ExportOptions
}

interface ModelExport {
  /** Equal for equal files. */
  tag: string
  /** @throws Problem `integrity` if the weights are damaged or the predictions of the file differ */
  write(signal: AbortSignal): Promise<HeldFile>
}

/** A file in memory. It takes a turn until it is released. */
interface HeldFile {
  file: ExportedFile
  release(): void
}

/** Bounds the memory of an export, which is several times that of the weights. */
const maximumWeightBytes = 64 * 1024 * 1024

/** Files in memory at a time: written, or being sent. */
const filesAtOnce = 3

const rowsToVerify = 32

export const turnsOfExports = () =>
  new TenantTurns({
    what: 'exports of models',
    atOnce: filesAtOnce,
    perTenant: filesAtOnce - 1,
    seconds: 60,
  })

/** Reads no weights. @throws Problem `not-found`, or `not-exportable` if the format cannot hold the model */
export async function exportModel(
  dependencies: ExportDependencies,
  id: string,
  { format, options }: ExportRequest,
): Promise<ModelExport> {
  const model = await dependencies.models.get(id)
  if (model === null) throw unknownModel(id)
  checkExportable(model, exporters[format], { format, options })
  const { weightSha256, threshold, name } = model
  const identity = JSON.stringify([exportVersion, model.id, weightSha256, format, options, threshold, name])
  return {
    tag: hash('sha256', identity, 'base64url'),
    write: (signal) => writeInTurn(dependencies, model, { format, options }, signal),
  }
}

async function writeInTurn(
  dependencies: ExportDependencies,
  model: Model,
  request: ExportRequest,
  signal: AbortSignal,
): Promise<HeldFile> {
  const { turns, tenantId } = dependencies
  if (!turns.tryBegin(tenantId)) await turns.wait(tenantId, signal)
  try {
    const file = await writeFile(dependencies, model, request)
    return { file, release: () => turns.end(tenantId) }
  } catch (error) {
    turns.end(tenantId)
    throw error
  }
}

function checkExportable(model: Model, exporter: Exporter, { format, options }: ExportRequest): void {
  if (model.weightBytes > maximumWeightBytes) {
    throw new Problem(
      'not-exportable',
      `The model has ${model.weightBytes} bytes of weights; a file of the format ${format} holds at most ` +
        `${maximumWeightBytes}. Use format=safetensors with names=descent, which has no limit.`,
    )
  }
  const refusal = exporter.refusal(model, options)
  if (refusal !== null) throw new Problem('not-exportable', refusal)
}

async function writeFile(
  dependencies: ExportDependencies,
  model: Model,
  { format, options }: ExportRequest,
): Promise<ExportedFile> {
  const { id } = model
  const rows = await storedRows(dependencies, model)
  const stored = await dependencies.all.weights(id)
  if (stored === null) throw unknownModel(id)
  const { tensors, bytes: weights } = stored
  const outcome = await dependencies.thread.export({ format, model, options, tensors, weights, rows })
  switch (outcome.type) {
    case 'exported':
      return outcome.file
    case 'different':
      throw new Problem(
        'integrity',
        `The predictions of the exported file differ from those of model ${id}: ${outcome.difference}. It was not sent.`,
      )
    default:
      return outcome satisfies never
  }
}

/** Rows of the dataset that the model was trained on; none if it was deleted. */
async function storedRows(dependencies: ExportDependencies, model: Model): Promise<InputRow[]> {
  const job = model.jobId === null ? null : await dependencies.jobs.get(model.jobId)
  if (job === null) return []
  try {
    return await featureRows(dependencies, model, job.spec.dataset)
  } catch (error) {
    if (error instanceof Problem && error.code === 'not-found') return []
    throw error
  }
}

async function featureRows(
  sources: RowSources,
  { coding: { features } }: Model,
  dataset: string | GeneratedDataset,
): Promise<InputRow[]> {
  const { columns, data } = await datasetRows(sources, dataset, 0, rowsToVerify)
  const positions = new Map(columns.map((name, index) => [name, index]))
  const indexes = features.map(({ name }) => positions.get(name) ?? -1)
  return data.map((row) => indexes.map((index) => row[index] ?? null))
}
