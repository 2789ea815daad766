/** Labelled rows that a model is asked about, and what it answers to them. */
import { z } from 'zod'
import { cellSchema, datasetWarningSchema, generatedDatasetSchema } from './dataset.js'
import { evaluationSchema } from './evaluation.js'
import { text } from './text.js'

const maximumRows = 10_000

export const evaluationRequestSchema = z
  .strictObject({
    dataset: z
      .union([text(100).min(1), generatedDatasetSchema])
      .optional()
      .describe('a ds_… id, a built-in’s name, or a generated built-in with its settings'),
    rows: z
      .array(z.record(z.string(), cellSchema))
      .min(1)
      .max(maximumRows)
      .optional()
      .describe('rows by column name, the target among them; more of them are sent as a file'),
  })
  .refine(({ dataset, rows }) => (dataset === undefined) !== (rows === undefined), {
    error: 'must have either dataset or rows',
  })
  .meta({ examples: [{ dataset: 'xor' }] })
export type EvaluationRequest = z.infer<typeof evaluationRequestSchema>

export const modelEvaluationSchema = z.object({
  modelId: z.string(),
  evaluation: evaluationSchema.describe(
    'with `rows: "given"`; classes are told apart by the model’s `threshold`',
  ),
  droppedRows: z.int().describe('rows left out because they have no target'),
  warnings: z.array(datasetWarningSchema).describe('what was guessed of a file'),
})
export type ModelEvaluation = z.infer<typeof modelEvaluationSchema>
