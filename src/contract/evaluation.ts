/** What a trained model answers on rows whose answer is known, against what is true. */
import { z } from 'zod'

/** More are chosen evenly. */
export const maximumEvaluatedRows = 100_000
/** Of classes; the matrix of more is not kept. */
export const maximumConfusionClasses = 256
/** Of one target, and of all targets together. */
export const maximumPairs = { ofTarget: 500, together: 10_000 }

const rows = {
  rows: z
    .enum(['validation', 'training'])
    .describe(
      'training: the job kept no rows for validation, so this shows what was learned, not how it generalizes',
    ),
  available: z.int().describe('rows there are'),
  count: z
    .int()
    .describe(`rows the model was asked about: all, or ${maximumEvaluatedRows} of them chosen evenly`),
  unanswered: z.int().describe('rows left out because the network had no finite answer to them'),
}

const classificationSchema = z.object({
  type: z.literal('classification'),
  ...rows,
  classes: z.array(z.string()),
  right: z.int().describe('rows whose class was found'),
  confusion: z
    .array(z.array(z.int()))
    .nullable()
    .describe(
      `confusion[i][j]: rows of class i that the model takes for class j; null for more than ${maximumConfusionClasses} classes`,
    ),
})

const multiLabelSchema = z.object({
  type: z.literal('multiLabel'),
  ...rows,
  labels: z.array(
    z.object({
      name: z.string(),
      confusion: z
        .array(z.array(z.int()))
        .describe('[[true negatives, false positives], [false negatives, true positives]]'),
    }),
  ),
})

const regressionSchema = z.object({
  type: z.literal('regression'),
  ...rows,
  targets: z.array(
    z.object({
      name: z.string(),
      rmse: z.number().nullable().describe('root of the mean squared error, in the unit of the target'),
      mae: z.number().nullable().describe('mean absolute error, in the unit of the target'),
      r2: z.number().nullable().describe('1 − Σ(ŷ − y)² / Σ(y − ȳ)²; null where the target is constant'),
      pairs: z
        .array(z.array(z.number()).length(2))
        .describe(
          `[true, predicted] of at most ${maximumPairs.ofTarget} rows chosen evenly, fewer where there are many targets`,
        ),
    }),
  ),
})

export const evaluationSchema = z.discriminatedUnion('type', [
  classificationSchema,
  multiLabelSchema,
  regressionSchema,
])
export type Evaluation = z.infer<typeof evaluationSchema>

/** Which rows an evaluation is about. */
export type EvaluatedRows = Pick<Evaluation, 'rows' | 'available' | 'count'>
