import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Used where the platform does not report the start time of a process: its id alone then identifies it. */
export const UNKNOWN_BIRTH = 'unknown'

/**
 * The start time of the process, in the kernel's format, which distinguishes it from later ones with the
 * same id. Undefined if no such process runs; a zombie does not run.
 */
export function processBirth(pid: number): string | undefined {
  if (!numberIsTaken(pid)) return undefined
  if (process.platform === 'linux') return linuxBirth(pid)
  if (process.platform === 'win32') return UNKNOWN_BIRTH
  const [state, ...began] = runPs(pid, 'stat=,lstart=').split(/\s+/)
  if (state === undefined || state === '') return UNKNOWN_BIRTH
  return state.startsWith('Z') ? undefined : began.join(' ')
}

/** Whether the process with this id and start time still runs. */
export function stillRuns(pid: number, birth: string): boolean {
  const now = processBirth(pid)
  return now !== undefined && (now === birth || now === UNKNOWN_BIRTH || birth === UNKNOWN_BIRTH)
}

/** Whether the id is in use, including by a zombie or by a process of another user. */
export function numberIsTaken(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The command line of a process as arguments; undefined where the platform does not show it. */
export function commandLine(pid: number): string[] | undefined {
  if (process.platform === 'win32') return undefined
  if (process.platform !== 'linux') {
    const shown = runPs(pid, 'command=')
    return shown === '' ? undefined : shown.split(/\s+/)
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return undefined
  }
}

function linuxBirth(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`
  } catch {
    return numberIsTaken(pid) ? UNKNOWN_BIRTH : undefined
  }
}

function runPs(pid: number, columns: string): string {
  try {
    return execFileSync('ps', ['-ww', '-o', columns, '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}
