/** Samples of the resources of the service. */
import { join } from 'node:path'
import { countDescriptors, diskMebibytes, readMemory, readSharedMemory, type Subject } from './subject.js'

export const gaugeNames = [
  'apiMebibytes',
  'workerMebibytes',
  'postgresMebibytes',
  'sharedMebibytes',
  'connections',
  'descriptors',
  'tableMebibytes',
  'uncountedMebibytes',
  'logMebibytes',
  'otherMebibytes',
] as const
export type Gauge = (typeof gaugeNames)[number]

export interface Sample extends Record<Gauge, number> {
  seconds: number
  /** Jobs that have ended until now. */
  ended: number
  /** The maximum of `sharedMebibytes`, by the settings of PostgreSQL. */
  sharedLimitMebibytes: number
  lagMilliseconds: number | null
  /** Jobs in the database by state. */
  jobs: Record<string, number>
  /** Kibibytes of each table with its indexes. */
  tables: Record<string, number>
}

const mebibyte = 1024 ** 2

/** Null while a killed process is not yet restarted. */
export async function takeSample(subject: Subject, seconds: number, ended: number): Promise<Sample | null> {
  try {
    const worker = subject.worker()
    const answer = await fetch(`${subject.url}/metrics`)
    if (worker === 0 || !answer.ok) return null
    const lag = /^descent_nodejs_eventloop_lag_p99_seconds ([\d.e-]+)/m.exec(await answer.text())?.[1]
    const database = await readDatabase(subject)
    const postgres = [subject.postgres(), ...subject.backends()]
    const disk = readDisk(subject.folder)
    const { counted, ...readings } = database
    return {
      seconds: Math.round(seconds),
      ended,
      apiMebibytes: readMemory([subject.api]),
      workerMebibytes: readMemory([worker]),
      postgresMebibytes: readMemory(postgres) - readSharedMemory(postgres),
      sharedMebibytes: readSharedMemory(postgres),
      descriptors: countDescriptors(subject.api) + countDescriptors(worker),
      ...disk,
      uncountedMebibytes: disk.tableMebibytes - Math.round(counted / mebibyte),
      ...readings,
      lagMilliseconds: lag === undefined ? null : Math.round(1_000 * Number(lag)),
    }
  } catch {
    return null
  }
}

/** `counted` are the bytes that count as stored by tenants. */
async function readDatabase(subject: Subject) {
  const [{ connections, counted, limit }] = await subject.query<
    Record<'connections' | 'counted' | 'limit', number>
  >(
    `SELECT (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid())::int AS connections,
      (SELECT coalesce(sum("storedBytes"), 0) FROM "TenantUse") AS counted,
      pg_size_bytes(current_setting('shared_memory_size')) / ${mebibyte}::float8 AS limit`,
  )
  const states = await subject.query<{ status: string; count: number }>(
    'SELECT status::text, count(*)::int FROM "Job" GROUP BY status',
  )
  const tables = await subject.query<{ name: string; kibibytes: number }>(
    `SELECT relname AS name, pg_total_relation_size(oid)::int / 1024 AS kibibytes FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname`,
  )
  return {
    connections,
    counted,
    sharedLimitMebibytes: Math.round(limit),
    jobs: Object.fromEntries(states.map(({ status, count }) => [status, count])),
    tables: Object.fromEntries(tables.map(({ name, kibibytes }) => [name, kibibytes])),
  }
}

/** The tables with their indexes, the write-ahead log, and everything else in the data folder. */
function readDisk(folder: string): Pick<Sample, 'tableMebibytes' | 'logMebibytes' | 'otherMebibytes'> {
  const tableMebibytes = diskMebibytes(join(folder, 'postgres', 'base'))
  const logMebibytes = diskMebibytes(join(folder, 'postgres', 'pg_wal'))
  const otherMebibytes = Math.max(0, diskMebibytes(folder) - tableMebibytes - logMebibytes)
  return { tableMebibytes, logMebibytes, otherMebibytes }
}
