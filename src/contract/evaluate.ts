/** Labelled rows that a model is asked about, and what it answers to them. */
import { z } from 'zod'
import { cellSchema, datasetWarningSchema, generatedDatasetSchema } from './dataset.js'
import { evaluationSchema } from './evaluation.js'
import { text } from './text.js'

export const evaluationRequestSchema = z
  .union([
    z.strictObject({
      dataset: z
        .union([text(100).min(1), generatedDatasetSchema])
        .describe('a ds_… id, a built-in’s name, or a generated built-in with its settings'),
    }),
    z.strictObject({
      rows: z
        .array(z.record(z.string(), cellSchema))
        .min(1)
        .max(10_000)
        .describe('rows by column name, the target among them'),
    }),
  ])
  .meta({ examples: [{ dataset: 'xor' }] })
export type EvaluationRequest = z.infer<typeof evaluationRequestSchema>

export const modelEvaluationSchema = z.object({
  modelId: z.string(),
  evaluation: evaluationSchema,
  droppedRows: z.int().describe('rows left out because they have no target'),
  warnings: z.array(datasetWarningSchema).describe('what was guessed of a file'),
})
export type ModelEvaluation = z.infer<typeof modelEvaluationSchema>
