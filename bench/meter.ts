/** Measures the processes of a service: CPU time, memory, event-loop lag, and scans of tables. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Processes } from './processes.js'

/** PostgreSQL reports its counters after a second. */
const counterMilliseconds = 1_500
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
/** The period of the timer by which Node measures the lag. Node adds it to the lag. */
const timerMilliseconds = 10

interface ProcessTimes {
  parent: number
  seconds: number
  /** Including children that have ended. */
  secondsWithChildren: number
}

/** @throws Error if the process does not exist */
function readTimes(pid: number): ProcessTimes {
  // The name of the program may contain spaces. It ends with the last parenthesis.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number)
  const seconds = (user + system) / ticksPerSecond
  return {
    parent: Number(fields[1]),
    seconds,
    secondsWithChildren: seconds + (childrenUser + childrenSystem) / ticksPerSecond,
  }
}

function sumChildren(parent: number): number {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readTimes(Number(name))
      } catch {
        return null
      }
    })
    .reduce((sum, times) => sum + (times?.parent === parent ? times.seconds : 0), 0)
}

export class Meter {
  constructor(
    private readonly service: Pick<Processes, 'url' | 'api' | 'database'>,
    private readonly benchmark: string,
  ) {}

  /** Resident memory of the API process in MiB. */
  rss(): number {
    const kibibytes = execFileSync('ps', ['-o', 'rss=', '-p', String(this.service.api.pid)], {
      encoding: 'utf8',
    })
    return Math.round(Number(kibibytes) / 1024)
  }

  /** Runs a scenario, and prints a JSON line with its result and its cost. */
  async measure(scenario: string, run: () => Promise<object>): Promise<void> {
    const [jobs, epochs] = [await this.scans('Job'), await this.scans('EpochBatch')]
    await this.lag()
    const before = { rss: this.rss(), api: this.apiSeconds(), postgres: await this.postgresSeconds() }
    const result = await run()
    const after = { rss: this.rss(), api: this.apiSeconds(), postgres: await this.postgresSeconds() }
    console.log(
      JSON.stringify({
        benchmark: this.benchmark,
        scenario,
        ...result,
        apiSeconds: rounded(after.api - before.api),
        postgresSeconds: rounded(after.postgres - before.postgres),
        lagMilliseconds: await this.lag(),
        readsOfEpochs: (await this.scans('EpochBatch')) - epochs,
        readsOfJobs: (await this.scans('Job')) - jobs,
        rssMebibytes: { before: before.rss, after: after.rss },
        load: loadavg()[0],
      }),
    )
  }

  private apiSeconds(): number {
    return readTimes(this.service.api.pid ?? 0).seconds
  }

  private async postgresSeconds(): Promise<number> {
    const { rows } = await this.service.database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const postmaster = readTimes(rows[0].pid).parent
    return readTimes(postmaster).secondsWithChildren + sumChildren(postmaster)
  }

  /** Event-loop lag of the API since the last call. */
  private async lag(): Promise<{ p99: number; max: number }> {
    const text = await (await fetch(`${this.service.url}/metrics`)).text()
    const milliseconds = (name: string) => {
      const seconds = new RegExp(`^descent_nodejs_eventloop_lag_${name}_seconds ([\\d.e-]+)`, 'm').exec(
        text,
      )?.[1]
      return Math.max(0, Math.round(1_000 * Number(seconds) - timerMilliseconds))
    }
    return { p99: milliseconds('p99'), max: milliseconds('max') }
  }

  private async scans(table: string): Promise<number> {
    await sleep(counterMilliseconds)
    const { rows } = await this.service.database.query<{ scans: number }>(
      'SELECT (seq_scan + idx_scan)::int AS scans FROM pg_stat_user_tables WHERE relname = $1',
      [table],
    )
    return rows[0].scans
  }
}

const rounded = (seconds: number) => Math.round(100 * seconds) / 100
