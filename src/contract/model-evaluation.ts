/** The request to evaluate a model on labelled rows, and its result. */
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
      .describe(
        `labelled rows by column name, including the target; send more than ${maximumRows} as a file`,
      ),
  })
  .refine(({ dataset, rows }) => (dataset === undefined) !== (rows === undefined), {
    error: 'must have either dataset or rows, not both',
  })
  .meta({ examples: [{ dataset: 'xor' }] })
export type EvaluationRequest = z.infer<typeof evaluationRequestSchema>

export const modelEvaluationSchema = z.object({
  modelId: z.string(),
  evaluation: evaluationSchema.describe(
    'has `rows: "given"`; the `threshold` of the model decides between two classes',
  ),
  droppedRows: z.int().describe('rows dropped because they have no target'),
  warnings: z.array(datasetWarningSchema).describe('assumptions made about the file'),
})
export type ModelEvaluation = z.infer<typeof modelEvaluationSchema>
