/** The all-in-one service in a temporary folder, its processes, and their resources. Linux only. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { projectFolder } from '../../examples/service.js'
import { findEmbeddedPostgres } from '../../src/store/embedded-postgres.js'
import { onExit } from '../cleanup.js'

export interface Subject {
  url: string
  folder: string
  api: number
  /** 0 while there is none. */
  worker(): number
  postgres(): number
  /** Process ids of the PostgreSQL backends. */
  backends(): number[]
  query<Row extends object>(statement: string): Promise<Row[]>
  stop(): Promise<void>
}

export async function startSubject(port: number): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), 'descent-soak-'))
  // As root, PostgreSQL runs as another user, who needs to traverse the folder.
  chmodSync(folder, 0o711)
  const data = join(folder, 'postgres')
  const child = spawn(process.execPath, [join(projectFolder, 'dist', 'src', 'main.js')], {
    env: {
      ...process.env,
      PORT: String(port),
      DATABASE_URL: '',
      REDIS_URL: '',
      DATA_DIRECTORY: folder,
      LOG_LEVEL: 'fatal',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const stop = onExit(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    }
    rmSync(folder, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(`${url}/health/ready`).catch(() => null))?.ok) {
    if (child.exitCode !== null) throw new Error('the service ended while starting')
    await sleep(200)
  }
  const api = child.pid ?? 0
  return {
    url,
    folder,
    api,
    worker: () => findChildren(api).find((pid) => readCommand(pid).includes('workers/main.js')) ?? 0,
    postgres: () => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]),
    backends: () => findChildren(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])),
    async query<Row extends object>(statement: string) {
      const client = new pg.Client({ connectionString: findEmbeddedPostgres(data) })
      client.on('error', () => {})
      try {
        await client.connect()
        return (await client.query<Row>(statement)).rows
      } finally {
        await client.end().catch(() => {})
      }
    },
    stop,
  }
}

const readCommand = (pid: number) => readOrDefault('', `/proc/${pid}/cmdline`)

function findChildren(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => Number(readOrDefault('', `/proc/${pid}/stat`).split(') ')[1]?.split(' ')[1]) === parent)
}

/** Proportional set size: counts shared memory once. */
export const readMemory = (pids: readonly number[]) => sumOfProcesses(pids, /^Pss:\s+(\d+) kB$/m)

/** The part of `readMemory` that is shared memory, such as PostgreSQL's shared buffers. */
export const readSharedMemory = (pids: readonly number[]) => sumOfProcesses(pids, /^Pss_Shmem:\s+(\d+) kB$/m)

/** In mebibytes. */
function sumOfProcesses(pids: readonly number[], line: RegExp): number {
  const kibibytes = pids.map((pid) =>
    Number(line.exec(readOrDefault('', `/proc/${pid}/smaps_rollup`))?.[1] ?? 0),
  )
  return Math.round(kibibytes.reduce((sum, each) => sum + each, 0) / 1024)
}

export function countDescriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

/** `du` fails if files are deleted while it counts. Its output is still used. */
export function diskMebibytes(folder: string): number {
  try {
    return Math.round(
      Number(
        /^\d+/.exec(
          execFileSync('du', ['-sk', folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
        )?.[0],
      ) / 1024,
    )
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    return Math.round(Number(/^\d+/.exec(output)?.[0] ?? 0) / 1024)
  }
}

function readOrDefault(otherwise: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}
