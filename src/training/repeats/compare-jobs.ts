/** Compares two jobs by the spread of their repeats. */
import { isRepeated } from '../../contract/folds.js'
import type { Job } from '../../contract/job.js'
import { Problem } from '../../contract/problems.js'
import type { ComparedJob, JobComparison, Repeat, RepeatMetric } from '../../contract/repeats.js'
import { compareMeans, comparePairs, type Difference, type Sample } from './statistics.js'
import { estimates, type RepeatStores, sharedRows } from './summarize.js'

interface Measured {
  job: Job
  /** Null while nothing has been measured. */
  sample: (Sample & { ratio: number }) | null
  /** The metric of each trial that has succeeded, by repeat and fold; null for a single training. */
  trials: ReadonlyMap<string, number> | null
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
  const paired = pairTrials(one, other, chosen)
  const test =
    paired ?? (one.sample === null || other.sample === null ? null : compareMeans(one.sample, other.sample))
  const verdict = test === null ? 'unknown' : contains(test.interval, 0) ? 'notLarger' : 'larger'
  return {
    object: 'jobComparison',
    metric: chosen,
    job: toCompared(one),
    other: toCompared(other),
    difference,
    test: test === null ? null : paired === null ? 'welch' : 'paired',
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

/**
 * The test of the differences trial by trial. Null unless both jobs were trained on the same rows with the same seeds, and
 * validated on the same rows. Training metrics of folds are not paired, because folds share training rows.
 */
function pairTrials(one: Measured, other: Measured, metric: RepeatMetric): Difference | null {
  if (one.trials === null || other.trials === null || one.sample === null) return null
  const isValidation = metric === 'valLoss' || metric === 'valAccuracy'
  if (one.job.spec.folds !== undefined && !isValidation) return null
  const [first, second] = [one, other].map(({ job: { spec } }) => {
    const { dataset, validationDataset, validationSplit, testSplit, split, loss, seed } = spec
    const rows = [dataset, validationDataset ?? null, validationSplit, testSplit ?? null, split]
    return JSON.stringify([rows, loss, seed, spec.folds ?? null, spec.repeats ?? null])
  })
  const pairs = [...one.trials].map(([place, value]) => value - (other.trials?.get(place) ?? Number.NaN))
  const isComplete = one.trials.size === other.trials.size && pairs.every(Number.isFinite)
  return first === second && isComplete ? comparePairs(pairs, one.sample.ratio) : null
}

/** Reads a job and its trials once, for any metric. @throws Problem `not-found` */
async function measurer({ jobs, sweeps }: RepeatStores, id: string) {
  const job = await jobs.get(id)
  if (job === null) throw new Problem('not-found', `There is no job ${id}.`)
  const trials = isRepeated(job.spec) ? await sweeps.trialsOfJob(id) : null
  const succeeded = trials?.trials.filter(({ status }) => status === 'succeeded') ?? null
  const measured = estimates(succeeded ?? (job.status === 'succeeded' ? [job] : []), job.spec)
  return (metric: RepeatMetric): Measured => {
    const found = measured[metric]
    const sample = found === null ? null : { ...found, ratio: sharedRows(job.spec, metric) }
    return { job, sample, trials: succeeded === null ? null : byPlace(succeeded, metric) }
  }
}

function byPlace(trials: readonly Repeat[], metric: RepeatMetric): Map<string, number> {
  return new Map(
    trials.map(({ repeat, fold, metrics }) => [`${repeat} ${fold}`, metrics[metric] ?? Number.NaN]),
  )
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
