/** Findings about losses that fall steadily, but too slowly: short steps, or few of them. */
import { level, type Point, part, shareOfRises, toLosses } from './curve.js'
import { higherRate, isFarBelowDefault } from './rates.js'
import type { Rule, TrainingRecord } from './training-record.js'
import { hasLayerFault, hasWrongScale, short } from './training-record.js'

const fewestEpochs = 6
/** A steady curve falls in the last third at least at this share of the pace of the first third. */
const steadyPace = 0.5
/** A faster last third is no short step: the network has just found something. */
const fasterPace = 2
/** The share of the epochs that may go up because of noise. */
const fewRises = 0.1
/** Worth a finding if the planned epochs end above this share of the first loss. */
const unfinished = 0.5
/** A smaller fall per planned training is indistinguishable from none. */
const leastFall = 1e-5

const hasOtherCause = (earlier: Parameters<Rule>[1]) => hasWrongScale(earlier) || hasLayerFault(earlier)

interface SlowFall {
  first: number
  last: number
  /** Where the planned epochs would end at the pace of the last third. */
  projected: number
}

function findSlowFall({ points, plannedEpochs, hasEnded, spec }: TrainingRecord): SlowFall | null {
  if (points.length < fewestEpochs || spec.loss === 'perceptron') return null
  const losses = toLosses(points)
  const [first, last] = [losses[0] ?? 0, level(points, 0.9, 1)]
  const [early, late] = [pace(part(points, 0, 0.34)), pace(part(points, 0.66, 1))]
  const [start, end] = [points[0]?.epoch ?? 0, points.at(-1)?.epoch ?? 0]
  const projected = hasEnded ? last : last - late * (plannedEpochs - end)
  const isSteady =
    late >= steadyPace * early && late <= fasterPace * early && shareOfRises(losses) <= fewRises
  const falls = early * (plannedEpochs - start) > leastFall * first
  return isSteady && falls && projected > unfinished * first ? { first, last, projected } : null
}

/** The mean fall per epoch from the first to the last point. */
function pace(points: readonly Point[]): number {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined || first === last) return 0
  return (first.loss - last.loss) / (last.epoch - first.epoch)
}

/** An epoch with more steps is not short of them. */
const fewSteps = 4
/** With fewer rows, a smaller batch has few rows to average over. */
const manyRows = 64
/** Masters & Luschi 2018: batches of 32 or fewer rows train best on most problems. */
const goodBatch = 32

export const batchTooLarge: Rule = (record, earlier) => {
  const { spec, trainingRows, points } = record
  const slow = findSlowFall(record)
  if (slow === null || trainingRows === null || trainingRows < manyRows || hasOtherCause(earlier)) return null
  const batch = spec.batchSize === 'full' ? trainingRows : spec.batchSize
  const steps = Math.ceil(trainingRows / batch)
  if (steps > fewSteps || batch <= goodBatch || isFarBelowDefault(spec.optimizer)) return null
  return {
    code: 'batch-too-large',
    severity: 'warning',
    seen: {
      sentence: `An epoch has ${steps === 1 ? '1 step' : `${steps} steps`} for ${trainingRows} training rows, and ${describe(slow, record)}.`,
      figures: { ...slow, stepsPerEpoch: steps, trainingRows, batchSize: batch },
    },
    sinceEpoch: points[0]?.epoch ?? null,
    patch: { batchSize: goodBatch },
    advice: `Use batches of ${goodBatch} rows: an epoch then has ${Math.ceil(trainingRows / goodBatch)} steps.`,
  }
}

function describe({ first, last, projected }: SlowFall, { hasEnded, plannedEpochs }: TrainingRecord): string {
  const seen = `the training loss fell only from ${short(first)} to ${short(last)}`
  return hasEnded ? seen : `${seen}; at this pace it is ${short(projected)} in epoch ${plannedEpochs}`
}

export const learningRateTooLow: Rule = (record, earlier) => {
  const slow = findSlowFall(record)
  if (slow === null || earlier.has('batch-too-large') || hasOtherCause(earlier)) return null
  const { learningRate } = record.spec.optimizer
  const higher = higherRate(record.spec.optimizer)
  return {
    code: 'learning-rate-too-low',
    severity: 'warning',
    seen: {
      sentence: `At a learning rate of ${learningRate}, ${describe(slow, record)}.`,
      figures: { ...slow, learningRate },
    },
    sinceEpoch: record.points[0]?.epoch ?? null,
    patch: { optimizer: { learningRate: higher } },
    advice: `Raise the learning rate to ${higher}.`,
  }
}
