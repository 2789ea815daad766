/** Health of a process of the API. */
import { z } from 'zod'
import { workersSummarySchema } from './worker.js'

export const livenessSchema = z.object({ status: z.literal('live') })

const backendSchema = z.object({
  name: z.string().describe('native, wasm or reference'),
  passedOver: z
    .array(z.object({ name: z.string(), reason: z.string() }))
    .describe('faster backends that do not run here'),
})
export type Backend = z.infer<typeof backendSchema>

export const readinessSchema = z.object({
  status: z.literal('ready'),
  backend: backendSchema,
  workers: workersSummarySchema.describe('workers that reported in the last 10 s'),
})
