/**
 * Whether a resource stays flat. Each rule reads samples after the warm-up:
 *
 * - `level`: the growth of the mean over the second half of the run.
 * - `floor`: for the memory of processes, which garbage collections move up and down, the growth of its lows after the last
 *   kill. The first third of that time is the warm-up of a process. Earlier growth ends with the process.
 * - `cache`: it may fill up to a known limit, but not exceed it.
 *
 * Growth within the noise is flat. Growth while the work grows, too, is undecided, because busier processes need more.
 */
import { type Gauge, gaugeNames, type Sample } from './samples.js'

type Rule =
  | { type: 'level' | 'floor'; noise: number }
  | { type: 'cache'; limit: (sample: Sample) => number }
  /** What tenants store. It is only reported. */
  | { type: 'stored' }

/** PostgreSQL's default of `max_wal_size`: it keeps and recycles segments of its log up to that. */
const maximumLogMebibytes = 1_024

/** The noise is in the unit of the gauge. */
const rules: Record<Gauge, Rule> = {
  apiMebibytes: { type: 'floor', noise: 16 },
  workerMebibytes: { type: 'floor', noise: 16 },
  postgresMebibytes: { type: 'floor', noise: 16 },
  sharedMebibytes: { type: 'cache', limit: ({ sharedLimitMebibytes }) => sharedLimitMebibytes },
  connections: { type: 'level', noise: 2 },
  descriptors: { type: 'level', noise: 4 },
  tableMebibytes: { type: 'stored' },
  uncountedMebibytes: { type: 'level', noise: 16 },
  logMebibytes: { type: 'cache', limit: () => maximumLogMebibytes },
  otherMebibytes: { type: 'level', noise: 16 },
}

/** The share of the mean that counts as noise, too. */
const noiseShare = 0.1
/** The increase of jobs per minute after which growth proves nothing. */
const workShare = 0.25
const lows = 6
const samplesPerLow = 3

type Verdict = 'flat' | 'grows' | 'undecided' | 'stored'

interface Judgement {
  gauge: Gauge
  verdict: Verdict
  /** Over the samples of the rule. */
  mean: number
  growth: number
  reason: string
}

/** @param lastKill seconds */
export const judge = (samples: readonly Sample[], lastKill: number): Judgement[] =>
  gaugeNames.map((gauge) => judgeGauge(samples, lastKill, gauge))

function judgeGauge(samples: readonly Sample[], lastKill: number, gauge: Gauge): Judgement {
  const rule = rules[gauge]
  const window = rule.type === 'floor' ? afterWarmUp(samples, lastKill) : secondHalf(samples)
  const points = rule.type === 'floor' ? takeLows(window, gauge) : window.map((each) => point(each, gauge))
  const growth = growthOf(points)
  const result = { gauge, mean: mean(points.map(({ y }) => y)), growth }
  if (rule.type === 'stored') return { ...result, verdict: 'stored', reason: 'counted to tenants in part' }
  if (rule.type === 'cache') {
    const limit = Math.min(...samples.map(rule.limit))
    const isWithin = samples.every((sample) => sample[gauge] <= limit)
    return { ...result, verdict: isWithin ? 'flat' : 'grows', reason: `a cache of at most ${limit}` }
  }
  const noise = Math.max(rule.noise, noiseShare * result.mean)
  if (window.length < lows * samplesPerLow) {
    return { ...result, verdict: 'undecided', reason: `only ${window.length} samples after the warm-up` }
  }
  if (growth <= noise) return { ...result, verdict: 'flat', reason: `noise up to ${noise.toFixed(1)}` }
  const work = workGrowth(window)
  const more = `${Math.round(100 * work)} % more jobs a minute`
  if (work > workShare) return { ...result, verdict: 'undecided', reason: more }
  return { ...result, verdict: 'grows', reason: `noise up to ${noise.toFixed(1)}, ${more}` }
}

/** By time: there are fewer samples while killed processes restart. */
function secondHalf(samples: readonly Sample[]): readonly Sample[] {
  const end = samples.at(-1)?.seconds ?? 0
  return samples.filter(({ seconds }) => seconds > end / 2)
}

function afterWarmUp(samples: readonly Sample[], lastKill: number): readonly Sample[] {
  const end = samples.at(-1)?.seconds ?? 0
  const begin = lastKill + (end - lastKill) / 3
  return samples.filter(({ seconds }) => seconds > begin)
}

interface Point {
  x: number
  y: number
}

const point = (sample: Sample, gauge: Gauge): Point => ({ x: sample.seconds, y: sample[gauge] })

/** The least value of each part of the window. */
function takeLows(window: readonly Sample[], gauge: Gauge): Point[] {
  const points = window.map((sample) => point(sample, gauge))
  const parts = Array.from({ length: Math.min(lows, points.length) }, (_, part) =>
    points.slice(
      Math.floor((part * points.length) / lows),
      Math.max(1, Math.floor(((part + 1) * points.length) / lows)),
    ),
  )
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.reduce((low, each) => (each.y < low.y ? each : low)))
}

/** By the line of least squares. */
function growthOf(points: readonly Point[]): number {
  const [meanX, meanY] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))]
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  if (spread === 0) return 0
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread
  return slope * ((points.at(-1)?.x ?? 0) - points[0].x)
}

/** By how much the jobs per minute grew from the first half of the window to the second, as a share. */
function workGrowth(window: readonly Sample[]): number {
  const middle = Math.floor(window.length / 2)
  const before = jobsPerSecond(window[0], window[middle])
  const after = jobsPerSecond(window[middle], window[window.length - 1])
  return before === 0 ? Number.POSITIVE_INFINITY : after / before - 1
}

const jobsPerSecond = (from: Sample, to: Sample) =>
  (to.ended - from.ended) / Math.max(1, to.seconds - from.seconds)

interface TableGrowth {
  name: string
  mebibytes: number
  bytesPerJob: number
}

/** The tables that grew most over the second half. */
export function growingTables(samples: readonly Sample[], most: number): TableGrowth[] {
  const half = secondHalf(samples)
  if (half.length < 2) return []
  const [first, last] = [half[0], half[half.length - 1]]
  const jobs = Math.max(1, last.ended - first.ended)
  return Object.entries(last.tables)
    .map(([name, kibibytes]) => {
      const growth = kibibytes - (first.tables[name] ?? 0)
      return { name, mebibytes: growth / 1024, bytesPerJob: (1024 * growth) / jobs }
    })
    .toSorted((a, b) => b.mebibytes - a.mebibytes)
    .slice(0, most)
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
