/** How a model answers rows whose answer is known. Metrics are those of scikit-learn, by the same definitions. */
import { z } from 'zod'

/** More are chosen evenly. */
export const maximumEvaluatedRows = 100_000
/** Of classes; the matrix of more is not kept. */
export const maximumConfusionClasses = 256
/** Of one target, and of all targets together. */
export const maximumPairs = { ofTarget: 500, together: 10_000 }
/** Rows of the table of thresholds, chosen evenly among the different scores. */
export const maximumThresholds = 200

const share = z.number().min(0).max(1)

const rows = {
  rows: z
    .enum(['validation', 'training', 'folds', 'given'])
    .describe(
      'validation: rows held out. folds: each row answered by a network that was trained without it. given: rows sent ' +
        'to be evaluated. training: the job held no rows out, so this shows what was learned, not how it generalizes',
    ),
  available: z.int().describe('rows there are'),
  count: z
    .int()
    .describe(`rows the model was asked about: all, or ${maximumEvaluatedRows} of them chosen evenly`),
  unanswered: z.int().describe('rows left out because the network had no finite answer to them'),
  notices: z
    .array(
      z.object({ code: z.enum(['worse-than-mean', 'no-better-than-most-frequent']), message: z.string() }),
    )
    .default([])
    .describe('what is wrong with these answers, in plain words'),
}

const scores = {
  precision: share.describe(
    'of the rows answered with this class, the share that is of it; 0 when there are none',
  ),
  recall: share.describe('of the rows of this class, the share answered with it; 0 when there are none'),
  f1: share.describe('harmonic mean of precision and recall'),
}

/** Counts of the rows whose probability of the second class is at least `threshold`, and of the others. */
const thresholdSchema = z.object({
  threshold: z.number(),
  truePositives: z.int(),
  falsePositives: z.int(),
  trueNegatives: z.int(),
  falseNegatives: z.int(),
})
export type ThresholdCounts = z.infer<typeof thresholdSchema>

const twoClassesSchema = z.object({
  positive: z.string().describe('the second class: the scores are its probabilities'),
  threshold: z.number().describe('from which on a row was answered with the positive class'),
  rocAuc: share.nullable().describe('area under the ROC curve; null when the rows are all of one class'),
  averagePrecision: share
    .nullable()
    .describe('Σ (Rₙ − Rₙ₋₁) Pₙ over the thresholds; null without positive rows'),
  thresholds: z
    .array(thresholdSchema)
    .describe(`at most ${maximumThresholds}, falling; ROC and precision–recall curves are drawn from them`),
})

const classificationSchema = z.object({
  type: z.literal('classification'),
  ...rows,
  classes: z.array(z.string()),
  right: z.int().describe('rows answered with their class'),
  confusion: z
    .array(z.array(z.int()))
    .nullable()
    .describe(
      `confusion[i][j]: rows of class i answered with class j; null for more than ${maximumConfusionClasses} classes`,
    ),
  accuracy: share.nullable().default(null).describe('right / answered rows; null when no row was answered'),
  baseline: z
    .object({ class: z.string(), accuracy: share })
    .nullable()
    .default(null)
    .describe('the accuracy of always answering with the most frequent class of these rows'),
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
      rmse: z.number().nullable().describe('root of the mean squared error, in the unit of the target'),
      mae: z.number().nullable().describe('mean absolute error, in the unit of the target'),
      r2: z
        .number()
        .nullable()
        .describe(
          '1 − Σ(ŷ − y)² / Σ(y − ȳ)²: below 0 is worse than always answering with the mean; null where the target is constant',
        ),
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
