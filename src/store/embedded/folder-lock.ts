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
 * Makes this process the owner of a folder until it releases it or ends, by a file with its process id. A
 * file of a process that no longer runs is taken over, even if its id has been reused.
 * @returns the release, which may be called more than once
 * @throws FolderInUseError if the owner runs
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
  // Moves the file before it is removed, so that the first process to move it can check that the content is
  // the one it read.
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

/** A link appears with its complete content, and never replaces a file. */
function linkIfAbsent(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Undefined if the file does not exist. */
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
