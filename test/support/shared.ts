/** The processes that test files share. They end with the test run. */
import { inject } from 'vitest'

/** Starts what the path names unless it runs, and returns its address. See `shared-processes.ts`. */
export async function shared(path: '/postgres' | '/browser' | `/service/${string}`): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${inject('sharedProcesses')}${path}`)
  const answer = await response.text()
  if (!response.ok) throw new Error(`${path} of the test run does not start: ${answer}`)
  return answer
}

/**
 * A running service with default settings and its own database. Files that ran before have left their jobs, models and
 * datasets there.
 */
export async function sharedService(): Promise<{ url: string }> {
  return { url: await shared(`/service/${process.env.VITEST_POOL_ID}`) }
}
