/** Compares two jobs by the spread of their repeats. */
import { isRepeated } from '../../contract/folds.js'
import type { Job } from '../../contract/job.js'
import { Problem } from '../../contract/problems.js'
import type { ComparedJob, JobComparison, RepeatMetric } from '../../contract/repeats.js'
import { compareMeans, type Sample } from './statistics.js'
import { estimates, type RepeatStores, sharedRows } from './summarize.js'

interface Measured {
  job: Job
  /** Null while nothing has been measured. */
  sample: (Sample & { ratio: number }) | null
}

/** @param metric by default the validation accuracy, the validation loss or the loss: the first that both have */
export async function compareJobs(
  stores: RepeatStores,
  jobId: string,
  otherId: string,
  metric: RepeatMetric | undefined,
): Promise<JobComparison> {
  const both = [await measurer(stores, jobId), await measurer(stores, otherId)]
  const chosen = metric ?? firstShared(both.map((measure) => (each) => measure(each).sample !== null))
  const [one, other] = both.map((measure) => measure(chosen))
  const difference = one.sample === null || other.sample === null ? null : one.sample.mean - other.sample.mean
  const test = one.sample === null || other.sample === null ? null : compareMeans(one.sample, other.sample)
  const verdict = test === null ? 'unknown' : contains(test.interval, 0) ? 'notLarger' : 'larger'
  return {
    object: 'jobComparison',
    metric: chosen,
    job: toCompared(one),
    other: toCompared(other),
    difference,
    interval: test?.interval ?? null,
    degreesOfFreedom: test?.degreesOfFreedom ?? null,
    pValue: test?.pValue ?? null,
    verdict,
    text: describe(verdict, difference, [one, other]),
    notices: notices(one.job, other.job, chosen),
  }
}

const contains = ({ low, high }: { low: number; high: number }, value: number) =>
  low <= value && value <= high

/** Reads a job and its trials once, for any metric. @throws Problem `not-found` */
async function measurer({ jobs, sweeps }: RepeatStores, id: string) {
  const job = await jobs.get(id)
  if (job === null) throw new Problem('not-found', `There is no job ${id}.`)
  const trials = isRepeated(job.spec) ? await sweeps.trialsOfJob(id) : null
  const measured =
    trials === null
      ? estimates(job.status === 'succeeded' ? [job] : [], job.spec)
      : estimates(
          trials.trials.filter(({ status }) => status === 'succeeded'),
          job.spec,
        )
  return (metric: RepeatMetric): Measured => {
    const found = measured[metric]
    return { job, sample: found === null ? null : { ...found, ratio: sharedRows(job.spec, metric) } }
  }
}

const preferred = ['valAccuracy', 'valLoss', 'loss'] as const

function firstShared(has: readonly ((metric: RepeatMetric) => boolean)[]): RepeatMetric {
  return preferred.find((metric) => has.every((each) => each(metric))) ?? 'loss'
}

const toCompared = ({ job, sample }: Measured): ComparedJob => ({
  jobId: job.id,
  value: sample?.mean ?? null,
  n: sample?.n ?? 0,
  deviation: sample?.deviation ?? null,
})

function describe(
  verdict: JobComparison['verdict'],
  difference: number | null,
  both: readonly Measured[],
): string {
  if (difference === null) return 'A job has no value of this metric yet.'
  const size = Number(Math.abs(difference).toPrecision(2))
  if (verdict === 'larger')
    return `The difference of ${size} is larger than the spread of the repeats explains.`
  if (verdict === 'notLarger') {
    return `The difference of ${size} is not larger than the spread of the repeats explains.`
  }
  const single = both.filter(({ sample }) => sample?.deviation == null).map(({ job }) => job.name ?? job.id)
  const who = single.length === 2 ? 'both jobs are' : `${single[0]} is`
  return `Unknown: ${who} trained once. Start it with "repeats" or "folds" to see whether another seed would change the difference of ${size}.`
}

function notices({ spec: one }: Job, { spec: other }: Job, metric: RepeatMetric): string[] {
  const differ = (name: 'dataset' | 'validationDataset' | 'testSplit' | 'loss' | 'targetScaling') =>
    JSON.stringify(one[name]) !== JSON.stringify(other[name])
  const isLoss = metric === 'loss' || metric === 'valLoss'
  return [
    ...(differ('dataset') || differ('validationDataset') ? ['The jobs have different data.'] : []),
    ...(differ('testSplit') ? ['The jobs keep different test rows apart.'] : []),
    ...(isLoss && differ('loss') ? ['The jobs have different losses, whose values cannot be compared.'] : []),
    ...(isLoss && differ('targetScaling') ? ['The losses are on different scales of the target.'] : []),
  ]
}
