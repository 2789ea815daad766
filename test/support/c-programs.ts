/** Compiles exported C files with a driver that answers rows from stdin. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const strict = ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-O0']
export const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']

/**
 * The lines that a program prints.
 * @throws Error with the messages of the compiler or of the program when one fails
 */
export function runC(
  files: Readonly<Record<string, string>>,
  sources: string[],
  options: string[] = [],
): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'descent-c-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    run('gcc', [...strict, ...options, ...sources, '-lm', '-o', 'program'], folder)
    return run(join(folder, 'program'), [], folder).trimEnd().split('\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(command: string, args: string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} failed (${status}): ${stderr.slice(0, 4_000)}`)
  return stdout
}
