import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { processBirth, stillRuns, UNKNOWN_BIRTH } from './process-birth.js'

/** Another running process owns the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'
  constructor(
    readonly folder: string,
    readonly pid: number,
  ) {
    super(`another Descent is running on this folder (pid ${pid}): ${folder}`)
  }
}

/**
 * Makes this process the owner of a folder until it releases it or ends, by a file that names the process.
 * A file left by a process that no longer runs is taken over, also when its number was given to another.
 * @returns the release, which may be called more than once
 * @throws FolderInUseError when the owner runs
 */
export function lockFolder(lockFile: string): () => void {
  const content = `${process.pid}\n${processBirth(process.pid) ?? UNKNOWN_BIRTH}\n`
  const draft = `${lockFile}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, content)
  try {
    while (!linkIfAbsent(draft, lockFile)) clearAbandoned(lockFile)
  } finally {
    rmSync(draft, { force: true })
  }
  return () => {
    if (readIfPresent(lockFile) === content) rmSync(lockFile, { force: true })
  }
}

function clearAbandoned(lockFile: string): void {
  const found = readIfPresent(lockFile)
  if (found === undefined) return
  const [pid, birth] = found.split('\n')
  if (stillRuns(Number(pid), birth ?? UNKNOWN_BIRTH))
    throw new FolderInUseError(dirname(lockFile), Number(pid))
  // Moved before it is removed: whoever moves it first sees whether it is still the file that was judged.
  const moved = `${lockFile}.${randomBytes(6).toString('hex')}`
  try {
    renameSync(lockFile, moved)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  if (readFileSync(moved, 'utf8') !== found) linkIfAbsent(moved, lockFile)
  rmSync(moved)
}

/** A link appears with its content complete and never replaces a file, unlike a file opened for writing. */
function linkIfAbsent(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Undefined when there is no such file, even if it went this moment. */
export function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
