import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, fchmodSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'
import { runCommand, serverEnvironment } from './command.js'
import { readIfPresent } from './folder-lock.js'
import { commandLine, numberIsTaken, processBirth, stillRuns } from './process-birth.js'

/** The contents of postmaster.pid, the server's lock file. */
interface LockFile {
  pid: number
  directory: string
  port: number
  status: string
}

/** What a server program needs to run on a data directory. */
export interface Site {
  home: string
  binaries: Binaries
  account: Account | undefined
  logFile: string
}

const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'timezone=UTC',
  'log_timezone=UTC',
  'log_checkpoints=off',
  'jit=off',
  // Short jobs replace the rows of hot tables within seconds; the default of a minute lets these tables grow.
  'autovacuum_naptime=10s',
]

export class PortTakenError extends Error {
  override readonly name = 'PortTakenError'
}

/** The lock file of a data directory; undefined if there is none, or if it is incomplete. */
export function readLockFile(home: string): LockFile | undefined {
  const found = readIfPresent(join(home, 'postmaster.pid'))
  if (found === undefined) return undefined
  const [pid, directory, , port, , , , status] = found.split('\n')
  if (!Number(pid)) return undefined
  return { pid: Number(pid), directory: directory ?? '', port: Number(port), status: status?.trim() ?? '' }
}

/**
 * Which server the process in our lock file is. `ours`: a server on this data directory. `none`: no process,
 * another program, or the server of another directory. `unknown`: not determined.
 */
export function lockHolder(home: string, lock: LockFile): 'ours' | 'none' | 'unknown' {
  if (processBirth(lock.pid) === undefined) return 'none'
  const args = commandLine(lock.pid)
  const program = args?.[0]
  if (args === undefined || program === undefined) return 'unknown'
  if (!basename(program).startsWith('postgres')) return 'none'
  const served = args[args.indexOf('-D') + 1] ?? ''
  if (!existsSync(served)) return 'unknown'
  if (realpathSync(served) === home) return 'ours'
  // A lock file that was copied with its folder names the server of the original.
  return readLockFile(served)?.pid === lock.pid ? 'none' : 'unknown'
}

/**
 * Removes a lock file whose process is not its server. PostgreSQL checks only that the process exists, and
 * would not start.
 */
export async function clearStaleLock(home: string, lock: LockFile): Promise<void> {
  if (numberIsTaken(lock.pid) && readLockFile(home)?.pid === lock.pid) {
    await rm(join(home, 'postmaster.pid'), { force: true })
  }
}

/**
 * Starts a server on the port, and resolves when it accepts connections. It leads its own process group, so
 * that Ctrl-C does not reach it. It outlives our process unless it is stopped.
 * @throws PortTakenError, or an Error with the server's log
 */
export async function launch(site: Site, port: number): Promise<ChildProcess> {
  const logStart = existsSync(site.logFile) ? statSync(site.logFile).size : 0
  const log = openSync(site.logFile, 'a', 0o600)
  fchmodSync(log, 0o600)
  const settings = [...SETTINGS, `port=${port}`].flatMap((setting) => ['-c', setting])
  const child = spawn(site.binaries.postgres, ['-D', site.home, ...settings], {
    ...site.account,
    cwd: site.home,
    env: serverEnvironment(),
    stdio: ['ignore', log, log],
    detached: true,
    windowsHide: true,
  })
  closeSync(log)
  child.unref()
  let failure: string | undefined
  child.once('error', (error) => {
    failure = `cannot run ${site.binaries.postgres}: ${error.message}`
  })
  child.once('exit', (code, signal) => {
    failure = `PostgreSQL ended while starting (${signal ?? `exit code ${code}`})`
  })
  for (;;) {
    const lock = readLockFile(site.home)
    if (lock !== undefined && lock.pid === child.pid && lock.status === 'ready') return child
    if (failure !== undefined) {
      const logged = existsSync(site.logFile) ? readFileSync(site.logFile).subarray(logStart).toString() : ''
      if (/could not bind .*Address already in use/i.test(logged)) throw new PortTakenError(logged)
      throw new Error(`${failure}: ${logged.trim()}`)
    }
    await sleep(10)
  }
}

/** Ends the server of a data directory. Open transactions are rolled back, and after 6 s it is killed. */
export async function halt(site: Site): Promise<void> {
  const stop = (mode: 'fast' | 'immediate', seconds: number): Promise<void> =>
    runCommand(
      site.binaries.pgCtl,
      ['stop', '-D', site.home, '-m', mode, '-w', '-t', String(seconds)],
      site.home,
      site.account,
    )
  const lock = readLockFile(site.home)
  if (lock === undefined) return
  const birth = processBirth(lock.pid)
  if (birth === undefined) return
  try {
    await stop('fast', 6)
  } catch {
    if (stillRuns(lock.pid, birth)) await stop('immediate', 3)
  }
  // pg_ctl waits until the lock file is removed; the process ends a moment later.
  for (let wait = 0; wait < 100 && stillRuns(lock.pid, birth); wait++) await sleep(10)
}
