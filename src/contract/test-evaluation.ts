/** The evaluation of a model on the test rows that its job kept apart. */
import { z } from 'zod'
import { evaluationSchema } from './evaluation.js'

const time = z.iso.datetime()

/** In a job. */
export const jobTestSchema = z.object({
  count: z.int().describe('evaluations of its model on its test rows'),
  firstAt: time.describe('time of the first'),
})

export const testCountsSchema = z.object({
  ofJob: z.int().describe('evaluations of this job, with this one'),
  ofRows: z.int().describe('evaluations of all jobs that keep the same rows apart, with this one'),
  jobs: z.int().describe('jobs that were evaluated on these rows'),
  firstAt: time.describe('time of the first evaluation on these rows'),
})
export type TestCounts = z.infer<typeof testCountsSchema>

export const testEvaluationSchema = z.object({
  object: z.literal('testEvaluation'),
  jobId: z.string(),
  modelId: z.string(),
  evaluation: evaluationSchema.describe('has `rows: "given"`'),
  tests: testCountsSchema,
  text: z.string().describe('what the number of tests means for the estimate'),
})
export type TestEvaluation = z.infer<typeof testEvaluationSchema>
