/** Conversion of the row of a model, without weights and evaluation, which may be large. */
import { z } from 'zod'
import { codingSchema } from '../contract/dataset.js'
import { labelsSchema } from '../contract/labels.js'
import { hasThreshold, layerSummarySchema, type Model, type Tensor, tensorSchema } from '../contract/model.js'
import { lossSchema, networkSchema } from '../contract/network.js'
import { finiteMetrics } from './epochs.js'
import type { Model as StoredModel } from './generated/client.js'
import { unpackJson, unpackText } from './packed-json.js'

export const modelRow = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  jobId: z.string().nullable(),
  name: z.string().nullable(),
  notes: z.string().nullable(),
  tags: z.array(z.string()),
  metadata: labelsSchema.shape.metadata,
  description: z.instanceof(Uint8Array<ArrayBuffer>),
  loss: z.string(),
  parameters: z.int(),
  finalLoss: z.number().nullable(),
  finalAccuracy: z.number().nullable(),
  finalValLoss: z.number().nullable(),
  finalValAccuracy: z.number().nullable(),
  epoch: z.int().nullable(),
  threshold: z.number().nullable(),
  weightBytes: z.int(),
  weightSha256: z.string(),
  createdAt: z.date(),
})

/** The columns of `modelRow`. */
export const modelColumns = Object.keys(modelRow.shape)
  .map((name) => `"${name}"`)
  .join(', ')

export type ModelRow = Omit<StoredModel, 'evaluation' | 'weights' | 'labelBytes'>

const descriptionSchema = z.object({
  network: networkSchema,
  layers: z.array(layerSummarySchema),
  coding: codingSchema,
})

export const toModel = (row: ModelRow): Model => describedModel(row, unpackText(row.description))

/** @param description the unpacked description of the row */
export function describedModel(row: ModelRow, description: string): Model {
  const { network, layers, coding } = descriptionSchema.parse(JSON.parse(description))
  const self = `/models/${row.id}`
  return {
    id: row.id,
    object: 'model',
    name: row.name,
    notes: row.notes,
    tags: row.tags,
    metadata: labelsSchema.shape.metadata.parse(row.metadata),
    jobId: row.jobId,
    createdAt: row.createdAt.toISOString(),
    network,
    loss: lossSchema.parse(row.loss),
    layers,
    coding,
    columns: coding.features.map((feature) => feature.name),
    classes: 'classes' in coding.target ? coding.target.classes : null,
    metrics: finiteMetrics({
      loss: row.finalLoss,
      accuracy: row.finalAccuracy,
      valLoss: row.finalValLoss,
      valAccuracy: row.finalValAccuracy,
    }),
    epoch: row.epoch,
    threshold: row.threshold ?? (hasThreshold({ coding, network }) ? 0.5 : null),
    parameters: row.parameters,
    weightBytes: row.weightBytes,
    weightSha256: row.weightSha256,
    links: {
      self,
      predict: `${self}/predict`,
      weights: `${self}/weights`,
      job: row.jobId === null ? null : `/jobs/${row.jobId}`,
    },
  }
}

const tensorsSchema = z.object({ tensors: z.array(tensorSchema) })

export const readTensors = ({ description }: Pick<StoredModel, 'description'>): Tensor[] =>
  tensorsSchema.parse(unpackJson(description)).tensors
