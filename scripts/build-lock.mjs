// Allows one build of the addon at a time, across processes.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Maximum age of a lock. An older lock is stale, and its process id belongs to another process. */
const longestMilliseconds = 1_800_000
const pollMilliseconds = 200

function isHeld(file) {
  try {
    const isOld = Date.now() - statSync(file).mtimeMs > longestMilliseconds
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return !isOld
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/**
 * Calls `work` while this process holds the lock. If another process holds it, waits for its release or, with
 * `patient: false`, returns immediately.
 */
export async function withLock(file, { patient }, work) {
  mkdirSync(dirname(file), { recursive: true })
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (!isHeld(file)) rmSync(file, { force: true })
    else if (!patient) return
    else await sleep(pollMilliseconds)
  }
  try {
    await work()
  } finally {
    rmSync(file, { force: true })
  }
}
