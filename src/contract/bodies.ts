/** Every body of JSON by a name, under which the thread that reads large ones finds its schema. */
import type { z } from 'zod'
import { evaluationRequestSchema } from './evaluate.js'
import { jobRequestSchema, resumeRequestSchema } from './job.js'
import { jobBatchRequestSchema } from './job-batch.js'
import { modelChangeSchema, modelRequestSchema, predictionRequestSchema } from './model.js'
import { rotationRequestSchema, webhookRequestSchema } from './webhook.js'

export const bodySchemas = {
  job: jobRequestSchema,
  jobBatch: jobBatchRequestSchema,
  resume: resumeRequestSchema,
  model: modelRequestSchema,
  modelChange: modelChangeSchema,
  prediction: predictionRequestSchema,
  evaluation: evaluationRequestSchema,
  webhook: webhookRequestSchema,
  rotation: rotationRequestSchema,
} as const
export type BodyName = keyof typeof bodySchemas

const names = new Map<z.core.$ZodType, string>(
  Object.entries(bodySchemas).map(([name, schema]) => [schema, name]),
)

export function bodyNameOf(schema: z.core.$ZodType): BodyName | undefined {
  const name = names.get(schema)
  return name !== undefined && isBodyName(name) ? name : undefined
}

const isBodyName = (name: string): name is BodyName => Object.hasOwn(bodySchemas, name)
