/** Peaks of the memory of a process, from /proc: Linux only. */
import { readFileSync, writeFileSync } from 'node:fs'

/** Peak of resident memory in MiB since it was forgotten; 0 of a process that has ended. */
export function peak(pid: number): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Math.round(Number(kibibytes ?? 0) / 1024)
  } catch {
    return 0
  }
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
