/** Starts processes that may be killed at any time: those that read uploads and pictures, and write exported files. */
import { type ChildProcess, fork, type StdioOptions } from 'node:child_process'
import { getPriority, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { middlePriority } from './low-priority.js'

interface IsolatedProcess {
  stdio: StdioOptions
  /** Options of Node; by default those of this process. */
  execArgv?: string[]
}

/**
 * Starts the script without the environment of the service, which has the way to its database in it. All its threads start
 * with the middle priority: on Linux, a thread has the priority of the one that started it.
 */
export function startIsolated(script: URL, options: IsolatedProcess): ChildProcess {
  const child = fork(fileURLToPath(script), { ...options, env: {}, serialization: 'advanced' })
  const { pid } = child
  // Before it starts a thread. Without an id it could not start.
  if (pid !== undefined && getPriority(pid) < middlePriority) setPriority(pid, middlePriority)
  return child
}
