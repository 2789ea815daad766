/** What the trials of a job measure: estimates of the metrics, and the band of the curves. */
import type { Evaluation } from '../../contract/evaluation.js'
import type { Job } from '../../contract/job.js'
import type { JobSpec } from '../../contract/job-spec.js'
import { metricsPerEpoch, numberAt } from '../../contract/packed-epochs.js'
import { Problem } from '../../contract/problems.js'
import {
  type CurvePoint,
  curveLimits,
  type Estimate,
  type Pooled,
  type RepeatMetric,
  type Repeats,
  repeatMetricSchema,
} from '../../contract/repeats.js'
import type { EpochStore } from '../ports/epochs.js'
import type { JobStore } from '../ports/jobs.js'
import type { ModelStore } from '../ports/models.js'
import type { JobTrials, SweepStore } from '../ports/sweeps.js'
import { Slice } from '../slices.js'
import { poolEvaluations } from './pool.js'
import { describeSample, estimate } from './statistics.js'

export interface RepeatStores {
  jobs: Pick<JobStore, 'get'>
  sweeps: Pick<SweepStore, 'trialsOfJob'>
}

interface SummaryStores extends RepeatStores {
  models: Pick<ModelStore, 'getEvaluated'>
  epochs: Pick<EpochStore, 'readAt'>
}

const metrics = repeatMetricSchema.options

/**
 * @param points epochs of the curves; 0 for none
 * @throws Problem `not-found` for a job without repeats and folds
 */
export async function summarizeRepeats(
  { epochs, models, ...stores }: SummaryStores,
  jobId: string,
  points: number,
): Promise<Repeats> {
  const { job, trials: repeated } = await requireTrials(stores, jobId)
  const { sweepId, status, repeats, folds, total, trials } = repeated
  const succeeded = trials.filter((trial) => trial.status === 'succeeded')
  const estimated = estimates(succeeded, job.spec)
  return {
    ...{ object: 'repeats', jobId, sweepId, status, repeats, folds, total },
    ...{ done: succeeded.length, metrics: estimated, trials },
    outOfFold: folds === null || succeeded.length < total ? null : await poolOutOfFold(models, succeeded),
    curves: points === 0 ? [] : await bandOfCurves(epochs, trials, points),
  }
}

async function poolOutOfFold(
  models: Pick<ModelStore, 'getEvaluated'>,
  trials: JobTrials['trials'],
): Promise<Pooled | null> {
  const evaluations: Evaluation[] = []
  const slice = new Slice('request')
  for (const { modelId } of trials) {
    const model = modelId === null ? null : await models.getEvaluated(modelId)
    if (model?.evaluation?.rows !== 'validation') return null
    evaluations.push(model.evaluation)
    if (slice.isOver) await slice.pause()
  }
  return poolEvaluations(evaluations)
}

/** @throws Problem `not-found` */
export async function requireTrials(
  { jobs, sweeps }: RepeatStores,
  jobId: string,
): Promise<{ job: Job; trials: JobTrials }> {
  const job = await jobs.get(jobId)
  if (job === null) throw new Problem('not-found', `There is no job ${jobId}.`)
  const trials = await sweeps.trialsOfJob(jobId)
  if (trials !== null) return { job, trials }
  throw new Problem('not-found', `Job ${jobId} is a single training: start one with "repeats" or "folds".`)
}

/** By the metrics of the jobs that have succeeded. */
export function estimates(
  trials: readonly Pick<JobTrials['trials'][number], 'metrics'>[],
  spec: JobSpec,
): Record<RepeatMetric, Estimate | null> {
  const one = (metric: RepeatMetric) =>
    estimate(
      trials.flatMap((trial) => trial.metrics[metric] ?? []),
      sharedRows(spec, metric),
    )
  return {
    loss: one('loss'),
    accuracy: one('accuracy'),
    valLoss: one('valLoss'),
    valAccuracy: one('valAccuracy'),
  }
}

/** Validation rows / training rows, if each training draws its validation rows from the same rows. */
export function sharedRows({ folds, validationSplit, split }: JobSpec, metric: RepeatMetric): number {
  if (metric === 'loss' || metric === 'accuracy') return 0
  if (folds !== undefined) return 1 / (folds - 1)
  return split === 'chronological' ? 0 : validationSplit / (1 - validationSplit)
}

/** Evenly spaced epochs, fewer for many trials. */
async function bandOfCurves(
  epochs: Pick<EpochStore, 'readAt'>,
  trials: JobTrials['trials'],
  points: number,
): Promise<CurvePoint[]> {
  const last = Math.max(0, ...trials.map(({ epoch }) => epoch))
  const affordable = Math.floor(curveLimits.values / Math.max(1, trials.length))
  const numbers = spacedEpochs(last, Math.max(2, Math.min(points, affordable)))
  const values = new Map(numbers.map((epoch) => [epoch, metrics.map((): number[] => [])]))
  const slice = new Slice('request')
  for (const { jobId, epoch } of trials) {
    const packed = await epochs.readAt(
      jobId,
      numbers.filter((number) => number <= epoch),
    )
    for (let index = 0; index < packed.seconds.length; index++) {
      const columns = values.get(numberAt(packed, index))
      for (const [metric, column] of columns?.entries() ?? []) {
        column.push(packed.metrics[index * metricsPerEpoch + metric])
      }
    }
    if (slice.isOver) await slice.pause()
  }
  return [...values].flatMap(([epoch, columns]) => {
    const [loss, accuracy, valLoss, valAccuracy] = columns.map(band)
    const n = columns[0].length
    return n === 0 ? [] : [{ epoch, n, loss, accuracy, valLoss, valAccuracy }]
  })
}

function band(values: readonly number[]): [number, number] | null {
  const sample = describeSample(values.filter(Number.isFinite))
  return sample === null ? null : [sample.mean, sample.deviation ?? 0]
}

/** `points` numbers from 1 to `last`, evenly spaced, with both ends. */
function spacedEpochs(last: number, points: number): number[] {
  const count = Math.min(last, points)
  const step = (last - 1) / Math.max(1, count - 1)
  return Array.from({ length: count }, (_, index) => 1 + Math.round(index * step))
}
