/** Metrics of a model on labelled rows. Their definitions are those of scikit-learn. */
import { z } from 'zod'

/** Of more rows, an evenly spaced sample is evaluated. */
export const maximumEvaluatedRows = 100_000
/** The most classes with a confusion matrix. */
export const maximumConfusionClasses = 256
/** The most [true, predicted] pairs that a regression stores. */
export const maximumPairs = { perTarget: 500, total: 10_000 }
/** The most rows of the table of thresholds, an evenly spaced sample of the distinct scores. */
export const maximumThresholds = 200

const share = z.number().min(0).max(1)

const rows = {
  rows: z
    .enum(['validation', 'training', 'folds', 'given'])
    .describe(
      '`validation`: held-out rows. `folds`: each row predicted by a network trained without it. `given`: rows of the ' +
        'request. `training`: the training rows, because the job held none out; these metrics do not measure generalization',
    ),
  available: z.int().describe('rows in the set'),
  count: z.int().describe(`rows evaluated: all, or an evenly spaced sample of ${maximumEvaluatedRows}`),
  unanswered: z.int().describe('rows excluded because an output was not finite'),
  notices: z
    .array(
      z.object({ code: z.enum(['worse-than-mean', 'no-better-than-most-frequent']), message: z.string() }),
    )
    .default([])
    .describe('problems of these predictions'),
}

const scores = {
  precision: share.describe('true positives / rows predicted as this class, 0 when there are none'),
  recall: share.describe('true positives / rows of this class, 0 when there are none'),
  f1: share.describe('harmonic mean of precision and recall'),
}

/** The confusion counts when a probability of at least `threshold` means the positive class. */
export const thresholdSchema = z.object({
  threshold: z.number(),
  truePositives: z.int(),
  falsePositives: z.int(),
  trueNegatives: z.int(),
  falseNegatives: z.int(),
})
export type ThresholdCounts = z.infer<typeof thresholdSchema>

export const twoClassesSchema = z.object({
  positive: z.string().describe('the second class, whose probability is the score'),
  threshold: z.number().describe('lowest score predicted as the positive class'),
  rocAuc: share.nullable().describe('area under the ROC curve, null when all rows have one class'),
  averagePrecision: share
    .nullable()
    .describe('Σ (Rₙ − Rₙ₋₁) Pₙ over the thresholds, null without positive rows'),
  thresholds: z
    .array(thresholdSchema)
    .describe(
      `points of the ROC and precision–recall curves, at most ${maximumThresholds}, in descending order`,
    ),
})

const classificationSchema = z.object({
  type: z.literal('classification'),
  ...rows,
  classes: z.array(z.string()),
  right: z.int().describe('rows predicted as their class'),
  confusion: z
    .array(z.array(z.int()))
    .nullable()
    .describe(
      `confusion[i][j]: rows of class i predicted as class j, null for more than ${maximumConfusionClasses} classes`,
    ),
  accuracy: share.nullable().default(null).describe('right / predicted rows, null without predictions'),
  baseline: z
    .object({ class: z.string(), accuracy: share })
    .nullable()
    .default(null)
    .describe('accuracy of always predicting the most frequent class of these rows'),
  perClass: z
    .array(z.object({ class: z.string(), ...scores, support: z.int().describe('rows of this class') }))
    .default([]),
  macro: z.object(scores).nullable().default(null).describe('unweighted means over the classes'),
  twoClasses: twoClassesSchema.nullable().default(null).describe('null unless there are exactly two classes'),
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
      precision: share.nullable().default(null),
      recall: share.nullable().default(null),
      f1: share.nullable().default(null),
    }),
  ),
})

const regressionSchema = z.object({
  type: z.literal('regression'),
  ...rows,
  targets: z.array(
    z.object({
      name: z.string(),
      rmse: z.number().nullable().describe('root mean squared error, in the unit of the target'),
      mae: z.number().nullable().describe('mean absolute error, in the unit of the target'),
      r2: z
        .number()
        .nullable()
        .describe(
          '1 − Σ(ŷ − y)² / Σ(y − ȳ)², below 0 when worse than the mean of the target, null for a constant target',
        ),
      truth: z
        .object({ mean: z.number(), deviation: z.number() })
        .nullable()
        .default(null)
        .describe('mean and population standard deviation of the true values'),
      pairs: z
        .array(z.array(z.number()).length(2))
        .describe(
          `[true, predicted] of an evenly spaced sample of at most ${maximumPairs.perTarget} rows, fewer with many targets`,
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

/** Which rows an evaluation covers. */
export type EvaluatedRows = Pick<Evaluation, 'rows' | 'available' | 'count'>
