import { spawn } from 'node:child_process'
import type { Account } from './account.js'

/**
 * Runs one of PostgreSQL's programs to its end.
 * @throws Error with its output if it fails or cannot be started
 */
export function runCommand(file: string, args: string[], cwd: string, account?: Account): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      ...account,
      cwd,
      env: serverEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
    })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => reject(new Error(`cannot run ${file}: ${error.message}`, { cause: error })))
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${file} failed (${signal ?? `exit code ${code}`}): ${output.trim()}`))
    })
  })
}

/** Our environment without the PG variables, which would redirect the server, and with untranslated messages. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name))
  return { ...Object.fromEntries(kept), LC_ALL: 'C' }
}
