/** Samples of the resources of the service, and their trend. */
import { join } from 'node:path'
import { countDescriptors, diskMebibytes, readMemory, type Subject } from './subject.js'

/** The gauges, and the growth over the second half that counts as noise. */
const gauges = {
  apiMebibytes: 16,
  workerMebibytes: 16,
  postgresMebibytes: 16,
  connections: 2,
  descriptors: 4,
  tableMebibytes: 16,
  logMebibytes: 16,
  otherMebibytes: 16,
} as const
export type Gauge = keyof typeof gauges
export const gaugeNames = Object.keys(gauges) as Gauge[]

export interface Sample extends Record<Gauge, number> {
  seconds: number
  lagMilliseconds: number | null
  /** Jobs in the database by state. */
  jobs: Record<string, number>
}

/** PostgreSQL's default of `max_wal_size`. */
const maximumLogMebibytes = 1_024

/** The share of the mean that counts as noise. */
const noise = 0.1

/** Null while a killed process is not yet restarted. */
export async function takeSample(subject: Subject, seconds: number): Promise<Sample | null> {
  try {
    const worker = subject.worker()
    const answer = await fetch(`${subject.url}/metrics`)
    if (worker === 0 || !answer.ok) return null
    const lag = /^descent_nodejs_eventloop_lag_p99_seconds ([\d.e-]+)/m.exec(await answer.text())?.[1]
    const [{ connections }] = await subject.query<{ connections: number }>(
      `SELECT count(*)::int AS connections FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    const states = await subject.query<{ status: string; count: number }>(
      'SELECT status::text, count(*)::int FROM "Job" GROUP BY status',
    )
    return {
      seconds: Math.round(seconds),
      apiMebibytes: readMemory([subject.api]),
      workerMebibytes: readMemory([worker]),
      postgresMebibytes: readMemory([subject.postgres(), ...subject.backends()]),
      connections,
      descriptors: countDescriptors(subject.api) + countDescriptors(worker),
      ...readDisk(subject.folder),
      lagMilliseconds: lag === undefined ? null : Math.round(1_000 * Number(lag)),
      jobs: Object.fromEntries(states.map(({ status, count }) => [status, count])),
    }
  } catch {
    return null
  }
}

/** The tables with their indexes, the write-ahead log, and everything else in the data folder. */
function readDisk(folder: string): Pick<Sample, 'tableMebibytes' | 'logMebibytes' | 'otherMebibytes'> {
  const tableMebibytes = diskMebibytes(join(folder, 'postgres', 'base'))
  const logMebibytes = diskMebibytes(join(folder, 'postgres', 'pg_wal'))
  const otherMebibytes = Math.max(0, diskMebibytes(folder) - tableMebibytes - logMebibytes)
  return { tableMebibytes, logMebibytes, otherMebibytes }
}

interface Trend {
  mean: number
  /** Over the second half, by the line of least squares. */
  growth: number
  isFlat: boolean
}

export function computeTrend(samples: readonly Sample[], gauge: Gauge): Trend {
  const half = samples.slice(Math.floor(samples.length / 2))
  const x = half.map((sample) => sample.seconds)
  const y = half.map((sample) => sample[gauge])
  const [meanX, meanY] = [mean(x), mean(y)]
  const spread = x.reduce((sum, each) => sum + (each - meanX) ** 2, 0)
  const slope =
    spread === 0 ? 0 : x.reduce((sum, each, n) => sum + (each - meanX) * (y[n] - meanY), 0) / spread
  const growth = slope * ((x.at(-1) ?? 0) - (x[0] ?? 0))
  const isFlat = growth <= Math.max(gauges[gauge], noise * meanY) || isRecycledLog(gauge, y)
  return { mean: meanY, growth, isFlat }
}

/** PostgreSQL keeps and recycles segments of its log up to `max_wal_size`, so the log may grow to that. */
const isRecycledLog = (gauge: Gauge, values: readonly number[]) =>
  gauge === 'logMebibytes' && Math.max(0, ...values) <= maximumLogMebibytes

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
