/** The JSON request bodies by name. The thread that parses large bodies finds a schema by this name. */
import type { z } from 'zod'
import { keyBatchRequestSchema, keyChangeSchema, keyRequestSchema, keyRotationSchema } from './api-key.js'
import { forkRequestSchema } from './fork.js'
import { inferenceRequestSchema } from './inference.js'
import { jobBatchRequestSchema } from './job-batch.js'
import { jobChangeSchema, resumeRequestSchema } from './job-change.js'
import { jobRequestSchema } from './job-request.js'
import { mcpMessageSchema } from './mcp.js'
import { modelChangeSchema, modelRequestSchema, predictionRequestSchema } from './model.js'
import { evaluationRequestSchema } from './model-evaluation.js'
import { receiptCheckRequestSchema } from './receipt.js'
import { aliasTargetSchema, registrationSchema, versionChangeSchema } from './registry.js'
import { retrainRequestSchema } from './retrain.js'
import { sweepRequestSchema } from './sweep.js'
import { limitChangesSchema, suspensionSchema, tenantRequestSchema } from './tenant.js'
import { rotationRequestSchema, webhookDisablingSchema, webhookRequestSchema } from './webhook.js'
import { joinRequestSchema, workshopChangeSchema, workshopRequestSchema } from './workshop.js'

export const bodySchemas = {
  job: jobRequestSchema,
  jobChange: jobChangeSchema,
  jobBatch: jobBatchRequestSchema,
  resume: resumeRequestSchema,
  model: modelRequestSchema,
  modelChange: modelChangeSchema,
  prediction: predictionRequestSchema,
  inference: inferenceRequestSchema,
  evaluation: evaluationRequestSchema,
  webhook: webhookRequestSchema,
  rotation: rotationRequestSchema,
  retrain: retrainRequestSchema,
  fork: forkRequestSchema,
  receiptCheck: receiptCheckRequestSchema,
  sweep: sweepRequestSchema,
  registration: registrationSchema,
  aliasTarget: aliasTargetSchema,
  versionChange: versionChangeSchema,
  workshop: workshopRequestSchema,
  workshopChange: workshopChangeSchema,
  join: joinRequestSchema,
  key: keyRequestSchema,
  keyBatch: keyBatchRequestSchema,
  keyChange: keyChangeSchema,
  keyRotation: keyRotationSchema,
  tenant: tenantRequestSchema,
  limitChanges: limitChangesSchema,
  suspension: suspensionSchema,
  webhookDisabling: webhookDisablingSchema,
  mcpMessage: mcpMessageSchema,
} as const
export type BodyName = keyof typeof bodySchemas

const names = new Map<z.core.$ZodType, string>(
  Object.entries(bodySchemas).map(([name, schema]) => [schema, name]),
)

export function findBodyName(schema: z.core.$ZodType): BodyName | undefined {
  const name = names.get(schema)
  return name !== undefined && isBodyName(name) ? name : undefined
}

const isBodyName = (name: string): name is BodyName => Object.hasOwn(bodySchemas, name)
