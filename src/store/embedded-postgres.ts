/**
 * A PostgreSQL server of our own, from the programs that npm installed, kept on one folder.
 *
 *   no data ──initdb──► stopped ──launch──► ready ──stop──► stopped
 *                          ▲                  │
 *                          └── server died ◄──┤
 *                                             └─ our process died ──► orphan ──adopt or replace──► ready
 *
 * Beside `<directory>` lie `<directory>.owner` (who runs on it), `.password`, `.port` and `.log`.
 */
import { mkdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
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
import { lockFolder } from './embedded/folder-lock.js'
import {
  clearStaleLock,
  halt,
  launch,
  lockHolder,
  PortTakenError,
  readLockFile,
  type Site,
} from './embedded/postmaster.js'
import { processBirth, stillRuns } from './embedded/process-birth.js'

export { FolderInUseError } from './embedded/folder-lock.js'

const DATABASE = 'descent'
const LARGEST_LOG_BYTES = 4 * 1024 * 1024

export interface EmbeddedPostgresOptions {
  /** The data directory; made at the first start, with its parents. */
  directory: string
  log: { info(message: string): void; warn(message: string): void }
  /** Called once if the server ends although nobody called `stop`; the folder stays ours until `stop`. */
  onExit?: (reason: string) => void
}

export interface EmbeddedPostgres {
  /** For the database `descent`, with its password, on 127.0.0.1. */
  connectionString: string
  /** The server's process number. */
  pid: number
  /** Ends the server within 10 s and releases the folder; more calls give the same promise. */
  stop(): Promise<void>
}

/**
 * Starts PostgreSQL on a folder, or adopts the server that an earlier process of ours left running there.
 * @throws FolderInUseError when another running process owns the folder
 * @throws Error in words a user can act on: no programs for this platform, a folder the server's account may
 *   not enter, a lost password, or what the server logged
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  mkdirSync(dirname(resolve(options.directory)), { recursive: true })
  const directory = resolve(realpathSync(dirname(resolve(options.directory))), basenameOf(options.directory))
  const release = lockFolder(`${directory}.owner`)
  try {
    return await start(directory, options, release)
  } catch (error) {
    release()
    throw error
  }
}
