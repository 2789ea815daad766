/** Writes a model as a file of another program, verified before it is sent. */
import { hash } from 'node:crypto'
import { type RunsInTurn, TenantTurns } from '../base/tenant-turns.js'
import { UnnamedFile } from '../base/unnamed-file.js'
import type { GeneratedDataset } from '../contract/dataset.js'
import type { ExportFormat } from '../contract/export.js'
import type { Model } from '../contract/model.js'
import { Problem, unknownModel } from '../contract/problems.js'
import type { InputRow } from '../datasets/raw-rows.js'
import type { SpoolSpace } from '../datasets/reading/spool-space.js'
import type { ExportedFile, Exporter, ExportOptions } from '../exports/exporter.js'
import { exporters, exportVersion } from '../exports/formats.js'
import { paced } from './bulk-work.js'
import { datasetRows, type RowSources } from './dataset-rows.js'
import type { ExportProcess } from './ports/export-process.js'
import type { JobStore } from './ports/jobs.js'
import type { AllModels, ModelStore } from './ports/models.js'

export interface ExportDependencies extends RowSources {
  tenantId: string
  models: Pick<ModelStore, 'get'>
  all: Pick<AllModels, 'openWeights'>
  jobs: Pick<JobStore, 'get'>
  process: ExportProcess
  /** Of the process. */
  turns: RunsInTurn
  /** Has the files that are being sent. */
  space: SpoolSpace
}

interface ExportRequest {
  format: ExportFormat
  options: ExportOptions
}

interface ModelExport {
  /** Equal for equal files. */
  tag: string
  /** @throws Problem `integrity` if the weights are damaged or the predictions of the file differ */
  write(signal: AbortSignal): Promise<SentFile>
}

/** A file on the disk, so that a client that reads slowly holds no memory and no turn. Close it in the end. */
interface SentFile extends Pick<ExportedFile, 'name' | 'mediaType'> {
  bytes: number
  read(): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** Bounds the memory of an export, which is several times that of the weights. */
const maximumWeightBytes = 64 * 1024 * 1024

const rowsToVerify = 32

export const turnsOfExports = () =>
  new TenantTurns({
    what: 'exports of models',
    // A whole model is in the memory of the process.
    atOnce: 1,
    perTenant: 1,
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
): Promise<SentFile> {
  const { turns, tenantId, space } = dependencies
  const share = space.open(tenantId)
  try {
    return await turns.run(
      tenantId,
      async () => {
        const { file, filled } = await UnnamedFile.create((path) =>
          fillFile(dependencies, model, request, path),
        )
        try {
          await share.add(file.bytes)
        } catch (error) {
          await file.close()
          throw error
        }
        const close = () => file.close().finally(() => share.close())
        return { ...filled, bytes: file.bytes, read: () => paced(file.read(), tenantId), close }
      },
      signal,
    )
  } catch (error) {
    share.close()
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

async function fillFile(
  { all, process, tenantId, ...sources }: ExportDependencies,
  model: Model,
  { format, options }: ExportRequest,
  path: string,
): Promise<Pick<ExportedFile, 'name' | 'mediaType'>> {
  const { id } = model
  const rows = await storedRows(sources, model)
  const stored = await all.openWeights(id)
  if (stored === null) throw unknownModel(id)
  const { tensors, length: weightBytes, chunks } = stored
  const task = { format, model, options, tensors, weightBytes, rows }
  const outcome = await process.export(task, paced(chunks, tenantId), path)
  switch (outcome.type) {
    case 'exported':
      return { name: outcome.name, mediaType: outcome.mediaType }
    case 'different':
      throw new Problem(
        'integrity',
        `The predictions of the exported file differ from those of model ${id}: ${outcome.difference}. It was not sent.`,
      )
    default:
      return outcome satisfies never
  }
}

/** Rows of the dataset that the model was trained on; none if it was deleted or is damaged, which the model is not. */
async function storedRows(
  dependencies: RowSources & Pick<ExportDependencies, 'jobs'>,
  model: Model,
): Promise<InputRow[]> {
  const job = model.jobId === null ? null : await dependencies.jobs.get(model.jobId)
  if (job === null) return []
  try {
    return await featureRows(dependencies, model, job.spec.dataset)
  } catch (error) {
    if (error instanceof Problem && ['not-found', 'integrity'].includes(error.code)) return []
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
