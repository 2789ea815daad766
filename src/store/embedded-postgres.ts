/**
 * An embedded PostgreSQL server, run from the programs of an npm package on one folder.
 *
 *   no data ──initdb──► stopped ──launch──► ready ──stop──► stopped
 *                          ▲                  │
 *                          └── server died ◄──┤
 *                                             └─ our process died ──► orphan ──adopt or replace──► ready
 *
 * Next to `<directory>` are `<directory>.owner` (the process that uses it), `.password`, `.port` and `.log`.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { serverAccount } from './embedded/account.js'
import { locateBinaries } from './embedded/binaries.js'
import {
  type Cluster,
  createCluster,
  ELSEWHERE,
  existingHome,
  openCluster,
  SUPERUSER,
  writeDurably,
} from './embedded/cluster.js'
import { lockFolder, readIfPresent } from './embedded/folder-lock.js'
import {
  clearStaleLock,
  halt,
  launch,
  lockHolder,
  PortTakenError,
  readLockFile,
  type Site,
} from './embedded/postmaster.js'
import { processBirth, stillRuns, UNKNOWN_BIRTH } from './embedded/process-birth.js'

export { FolderInUseError } from './embedded/folder-lock.js'

const DATABASE = 'descent'
const LARGEST_LOG_BYTES = 4 * 1024 * 1024

export interface EmbeddedPostgresOptions {
  /** The data directory, created at the first start with its parents. */
  directory: string
  log: { info(message: string): void; warn(message: string): void }
  /** The port to use, awaited for up to 5 s. By default the previous port, or another if that is taken. */
  port?: number
  /** Called once if the server ends without a call of `stop`. The folder stays locked until `stop`. */
  onExit?: (reason: string) => void
}

export interface EmbeddedPostgres {
  /** The address of database `descent`, with its password, on 127.0.0.1. */
  connectionString: string
  /** The process id of the server. */
  pid: number
  /** Ends the server within 10 s and releases the folder. Further calls return the same promise. */
  stop(): Promise<void>
}

/**
 * Starts PostgreSQL on a folder, or adopts the server that an earlier process left running.
 * @throws FolderInUseError if another running process owns the folder
 * @throws Error if there are no programs for this platform, the account of the server may not enter the
 *   folder, the password is lost, or the server fails; with what to do or the server's log
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  mkdirSync(dirname(resolve(options.directory)), { recursive: true })
  const parent = realpathSync(dirname(resolve(options.directory)))
  const directory = join(parent, basename(resolve(options.directory)))
  const release = lockFolder(`${directory}.owner`)
  try {
    return await start(directory, options, release)
  } catch (error) {
    release()
    throw error
  }
}

/**
 * The address of the server that another running process keeps on the folder; undefined if none accepts
 * connections.
 */
export function findEmbeddedPostgres(directory: string): string | undefined {
  const home = existingHome(resolve(directory))
  const lock = home === undefined ? undefined : readLockFile(home)
  if (home === undefined || lock?.status !== 'ready') return undefined
  return connectionString(lock.port, openCluster(resolve(directory), home, undefined).password, DATABASE)
}

/** A server that accepts connections; `child` is set if this process launched it. */
interface Running {
  pid: number
  port: number
  child: ChildProcess | undefined
}

async function start(
  directory: string,
  { log, port, onExit }: EmbeddedPostgresOptions,
  release: () => void,
): Promise<EmbeddedPostgres> {
  const found = existingHome(directory)
  const account = serverAccount(found)
  const binaries = await locateBinaries(account, ELSEWHERE)
  const cluster =
    found === undefined
      ? await createCluster(directory, binaries, account)
      : openCluster(directory, found, account)
  if (cluster.home !== directory) {
    log.warn(`PostgreSQL's own user may not enter ${dirname(directory)}: the data is kept in ${cluster.home}`)
  }
  const site: Site = { home: cluster.home, binaries, account, logFile: `${directory}.log` }
  const adopted = await adopt(site, cluster, log)
  const running = adopted ?? (await launchOnFreePort(site, `${directory}.port`, port))
  try {
    await ensureDatabase(running.port, cluster.password)
  } catch (error) {
    await halt(site)
    throw error
  }
  log.info(`PostgreSQL ${adopted ? 'adopted' : 'started'} on 127.0.0.1:${running.port} (pid ${running.pid})`)
  const unwatch = watch(running, (reason) => onExit?.(reason))
  let stopped: Promise<void> | undefined
  return {
    connectionString: connectionString(running.port, cluster.password, DATABASE),
    pid: running.pid,
    stop: () => {
      unwatch()
      stopped ??= halt(site).finally(release)
      return stopped
    },
  }
}

/**
 * Adopts the server that runs on our data directory, and waits for one that is starting or stopping. Stops
 * one that does not answer. Undefined if none runs, so that a new one may be launched.
 */
async function adopt(
  site: Site,
  cluster: Cluster,
  log: EmbeddedPostgresOptions['log'],
): Promise<Running | undefined> {
  const giveUpAt = Date.now() + 10_000
  for (let lock = readLockFile(site.home); lock !== undefined; lock = readLockFile(site.home)) {
    const holder = lockHolder(site.home, lock)
    if (holder === 'none') {
      await clearStaleLock(site.home, lock)
      return undefined
    }
    if (lock.status === 'ready' && (await serves(lock.port, site.home, cluster.password))) {
      return { pid: lock.pid, port: lock.port, child: undefined }
    }
    const isLate = Date.now() > giveUpAt
    if (holder === 'ours' && (isLate || lock.status === 'ready')) {
      log.warn(
        `PostgreSQL of an earlier run on ${site.home} (pid ${lock.pid}) does not answer and is replaced`,
      )
      await halt(site)
      continue
    }
    if (isLate) {
      throw new Error(
        `${join(site.home, 'postmaster.pid')} names process ${lock.pid}, which runs but does not answer as ` +
          'the server of this folder: end it, or remove that file if it is another program',
      )
    }
    await sleep(50)
  }
  return undefined
}

async function serves(port: number, home: string, password: string): Promise<boolean> {
  try {
    return await query(port, password, 'postgres', async (client) => {
      const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory')
      return rows[0]?.data_directory === home
    })
  } catch {
    return false
  }
}

async function launchOnFreePort(
  site: Site,
  portFile: string,
  required: number | undefined,
): Promise<Running> {
  rotateLog(site.logFile)
  const remembered = Number(readIfPresent(portFile) ?? 0)
  const giveUpAt = Date.now() + 5_000
  for (let wanted = required ?? remembered; ; ) {
    const port = (await freePort(wanted)) ?? required ?? (await freePort(0))
    if (port === undefined) throw new Error('no port is free on 127.0.0.1')
    try {
      const child = await launch(site, port)
      if (port !== remembered) await writeDurably(portFile, `${port}\n`)
      return { pid: child.pid ?? 0, port, child }
    } catch (error) {
      // After a server is killed, its processes take a moment to release its memory.
      const passes = error instanceof Error && /pre-existing shared memory block/.test(error.message)
      if (!(passes || error instanceof PortTakenError) || Date.now() > giveUpAt) throw error
      if (!passes) wanted = required ?? 0
      await sleep(100)
    }
  }
}

/** The port if it is free; any free port for 0. */
function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(undefined))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}

function rotateLog(file: string): void {
  if (existsSync(file) && statSync(file).size > LARGEST_LOG_BYTES) rmSync(file)
}

async function ensureDatabase(port: number, password: string): Promise<void> {
  try {
    await query(port, password, DATABASE, (client) => client.query('SELECT 1'))
  } catch (error) {
    const isMissing = error instanceof pg.DatabaseError && error.code === '3D000'
    if (!isMissing) throw error
    await query(port, password, 'postgres', (client) => client.query(`CREATE DATABASE ${DATABASE}`))
  }
}

async function query<Result>(
  port: number,
  password: string,
  database: string,
  ask: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString: connectionString(port, password, database),
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
  })
  // Without a listener, the loss of an idle connection would end our process.
  client.on('error', () => {})
  await client.connect()
  try {
    return await ask(client)
  } finally {
    await client.end()
  }
}

function connectionString(port: number, password: string, database: string): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`
}

/**
 * Calls back when the server ends. A server that this process did not launch is not its child, and is polled
 * twice a second.
 */
function watch({ pid, child }: Running, onEnd: (reason: string) => void): () => void {
  if (child !== undefined) {
    const report = (code: number | null, signal: NodeJS.Signals | null): void =>
      onEnd(`PostgreSQL (pid ${pid}) ended: ${signal ?? `exit code ${code}`}`)
    child.once('exit', report)
    return () => child.off('exit', report)
  }
  const birth = processBirth(pid) ?? UNKNOWN_BIRTH
  const timer = setInterval(() => {
    if (stillRuns(pid, birth)) return
    clearInterval(timer)
    onEnd(`PostgreSQL (pid ${pid}) ended`)
  }, 500)
  timer.unref()
  return () => clearInterval(timer)
}
