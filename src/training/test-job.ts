/** Evaluates the model of a job on the test rows that it kept apart. Each test is recorded. */
import type { RunsInTurn } from '../base/tenant-turns.js'
import type { Job } from '../contract/job.js'
import { Problem } from '../contract/problems.js'
import type { TestCounts, TestEvaluation } from '../contract/test-evaluation.js'
import { requireJobModel } from './job-model.js'
import { selectPart } from './job-part.js'
import type { JobSplits } from './job-splits.js'
import type { DatasetStore } from './ports/datasets.js'
import type { JobStore } from './ports/jobs.js'
import type { ModelStore } from './ports/models.js'
import type { PredictorPool } from './ports/predictor-pool.js'

interface TestDependencies {
  tenantId: string
  jobs: Pick<JobStore, 'get' | 'recordTest'>
  models: Pick<ModelStore, 'get'>
  datasets: Pick<DatasetStore, 'get' | 'rows'>
  predictors: Pick<PredictorPool, 'evaluate'>
  splits: JobSplits
  /** Limits evaluations of stored datasets. */
  turns: RunsInTurn
}

/** @throws Problem `not-found` if the job has no test rows, or what it needs was deleted */
export async function testJob(
  dependencies: TestDependencies,
  jobId: string,
  signal: AbortSignal,
): Promise<TestEvaluation> {
  const { tenantId, jobs, predictors, turns } = dependencies
  const { job, model } = await requireJobModel(dependencies, jobId)
  if (job.spec.testSplit === undefined) {
    throw new Problem('not-found', `Job ${jobId} keeps no test rows apart: start one with testSplit.`)
  }
  const evaluate = async () => {
    const { read, rows } = await selectPart(dependencies, job, 'test')
    return predictors.evaluate(tenantId, model, { table: await read(), only: rows }, signal)
  }
  const outcome = await turns.run(tenantId, evaluate, signal)
  if (outcome.type === 'refused') throw new Problem(outcome.code, outcome.message)
  // Recorded before the answer, so that no test is missing.
  const tests = await jobs.recordTest(jobId, testKey(job))
  if (tests === null) throw new Problem('not-found', `There is no job ${jobId}.`)
  const { evaluation } = outcome
  return { object: 'testEvaluation', jobId, modelId: model.id, evaluation, tests, text: describe(tests) }
}

/** Jobs with the same key keep the same rows apart. */
const testKey = ({ spec: { dataset, testSplit, split } }: Job) => JSON.stringify([dataset, testSplit, split])

function describe({ ofRows, jobs, firstAt }: TestCounts): string {
  if (ofRows === 1) return 'This is the first test on these rows.'
  const by = jobs === 1 ? 'this job' : `${jobs} jobs`
  return `These rows have been tested ${ofRows} times by ${by}, first at ${firstAt}. If an earlier test chose this job, its result is optimistic.`
}
