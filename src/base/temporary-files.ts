/** Files and folders of this process in the folder for temporary files, and those of processes that were killed. */
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const prefix = 'descent-upload-'

/** The start of their names. */
export const temporaryPrefix = `${prefix}${process.pid}-`

export async function removeAbandonedFiles(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = name.startsWith(prefix) ? (name.slice(prefix.length).match(/^(\d+)-/) ?? []) : []
    if (pid === undefined || isAlive(Number(pid))) continue
    await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}
