/** What a service has used so far: CPU, WAL, commits and fsyncs. */
import { readdirSync, readFileSync } from 'node:fs'
import type { RunningService } from './running-service.js'

/** Linux reports hundredths of a second in /proc on every processor. */
const millisecondsPerTick = 10

/** Counters that are exact at any time. */
export interface Costs {
  /** Of API, worker and PostgreSQL; null where there is no /proc. */
  cpuMilliseconds: number | null
  walBytes: number
}

/** Counters that PostgreSQL's processes report some seconds late. */
export interface LateCosts {
  commits: number
  fsyncs: number
}

/** An idle PostgreSQL process reports its counters after at most 10 s. */
export const lateMilliseconds = 11_000

export async function readCosts({ processes }: RunningService): Promise<Costs> {
  const { rows } = await processes.database.query<{ bytes: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS bytes`,
  )
  const { api, worker, postgres } = processes
  const pids = [api.pid, worker.pid, postgres.pid, ...findChildren(postgres.pid)]
  return { cpuMilliseconds: sumCpu(pids), walBytes: Number(rows[0].bytes) }
}

export async function readLateCosts({ processes }: RunningService): Promise<LateCosts> {
  const { rows } = await processes.database.query<{ commits: string; fsyncs: string }>(
    `SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()) AS commits,
       (SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal') AS fsyncs`,
  )
  return { commits: Number(rows[0].commits), fsyncs: Number(rows[0].fsyncs) }
}

interface ProcessTimes {
  parent: number
  /** Of the process and of its children that have ended. */
  ticks: number
}

function readTimes(pid: number | string): ProcessTimes | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the name, may contain spaces and brackets. The state, the third, follows its last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const field = (index: number) => Number(fields[index - 3])
    return { parent: field(4), ticks: field(14) + field(15) + field(16) + field(17) }
  } catch {
    return null
  }
}

function findChildren(parent: number): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && readTimes(name)?.parent === parent)
      .map(Number)
  } catch {
    return []
  }
}

function sumCpu(pids: readonly (number | undefined)[]): number | null {
  let ticks = 0
  for (const pid of pids) {
    const times = pid === undefined ? null : readTimes(pid)
    if (times === null) return null
    ticks += times.ticks
  }
  return ticks * millisecondsPerTick
}
