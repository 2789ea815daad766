/** Peak memory of a process, from /proc. Linux only. */
import { readFileSync, writeFileSync } from 'node:fs'

/** Peak resident memory in MiB since the last reset; 0 if the process has ended. */
export function peakMemory(pid: number): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Math.round(Number(kibibytes ?? 0) / 1024)
  } catch {
    return 0
  }
}

export function resetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
