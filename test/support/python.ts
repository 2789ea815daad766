/** Debian's own interpreter, which has the packaged modules. */
import { spawnSync } from 'node:child_process'

export const python = process.env.PYTHON ?? '/usr/bin/python3'

/** Runs a program with a text as its input. @throws Error with what it wrote to stderr when it fails */
export function runPython(program: string, input: string, cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(python, ['-c', program], {
    cwd,
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`Python failed (${status}): ${stderr.slice(-4_000)}`)
  return stdout
}
