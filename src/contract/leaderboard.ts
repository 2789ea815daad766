/** The leaderboard of a workshop: runs of participants are evaluated on rows that they do not see. */
import { z } from 'zod'
import { idSchema } from './ids.js'

export const leaderboardMetricSchema = z
  .enum(['accuracy', 'f1', 'rocAuc', 'rmse', 'mae', 'r2'])
  .describe(
    'as in an evaluation: `f1` is the unweighted mean over the classes, `rocAuc` is of two classes; `rmse`, `mae` and ' +
      '`r2` are of a single number. The lowest `rmse` and `mae` and the highest of the others is best',
  )
export type LeaderboardMetric = z.infer<typeof leaderboardMetricSchema>

const lowerIsBetter: ReadonlySet<LeaderboardMetric> = new Set(['rmse', 'mae'])

/** 1 if lower scores are better, otherwise −1. Multiplied with a score, it sorts the best first. */
export const sortSign = (metric: LeaderboardMetric): 1 | -1 => (lowerIsBetter.has(metric) ? 1 : -1)

export const leaderboardSchema = z.strictObject({
  dataset: idSchema('dataset').describe('the rows to evaluate on, which participants cannot read'),
  metric: leaderboardMetricSchema,
})
export type Leaderboard = z.infer<typeof leaderboardSchema>

export const scoreProblemSchema = z.enum(['other-target', 'does-not-fit', 'other-task', 'no-value', 'failed'])
export type ScoreProblem = z.infer<typeof scoreProblemSchema>

const scoreProblemMeanings: Record<ScoreProblem, string> = {
  'other-target': 'the model predicts other columns than the target of the dataset',
  'does-not-fit': 'the dataset lacks columns of the model, or has classes that it does not know',
  'other-task': 'the metric does not apply, such as the accuracy of a regression',
  'no-value': 'the metric is undefined, or a prediction is not finite',
  failed: 'the evaluation ended three times without a result',
}

const described = Object.entries(scoreProblemMeanings).map(([code, meaning]) => `\`${code}\`: ${meaning}`)

const score = z.number().nullable()
const problem = scoreProblemSchema
  .nullable()
  .describe(`why the newest run that was evaluated has no score. ${described.join('. ')}`)

/** The best run of a participant. */
export const standingSchema = z.object({
  rank: z.int().nullable().describe('from 1, the same for equal scores; null without a score'),
  nickname: z.string(),
  score,
  run: z.object({ id: z.string(), name: z.string().nullable() }).nullable(),
  scored: z.int().describe('runs with a score'),
  problem,
})

/** For the teacher. */
export const standingDetailSchema = standingSchema.extend({
  detail: z.string().nullable().describe('what was wrong, which may show hidden values'),
})
export type StandingDetail = z.infer<typeof standingDetailSchema>
