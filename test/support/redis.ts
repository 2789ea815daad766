/** Redis servers of a test's own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './service.js'

/** Whether there is a Redis to test with; said loudly, because half of the tests depend on it. */
export const hasRedis = ((): boolean => {
  try {
    execFileSync('redis-server', ['--version'])
    return true
  } catch {
    console.warn(
      '\n*** There is no redis-server on the PATH: everything about Redis goes UNTESTED here. ***\n',
    )
    return false
  }
})()

export interface TestRedis {
  url: string
  /** Killed and started again, empty, at the same address. */
  crash(): Promise<void>
  flush(): Promise<void>
  stop(): Promise<void>
}

export async function startRedis(more: string[] = []): Promise<TestRedis> {
  const port = await freePort()
  let child = await startRedisServer(port, more)

  async function end(signal: NodeJS.Signals): Promise<void> {
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    async crash() {
      await end('SIGKILL')
      child = await startRedisServer(port, more)
    },
    async flush() {
      execFileSync('redis-cli', ['-p', String(port), 'flushall'])
    },
    stop: () => end('SIGTERM'),
  }
}

/** A separate server. Later options override earlier ones. */
export async function startRedisServer(port: number, more: string[] = []): Promise<ChildProcess> {
  const options = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    ...['--maxmemory-policy', 'noeviction'],
    ...more,
  ]
  const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  while (!output.includes('Ready to accept connections')) {
    if (child.exitCode !== null) throw new Error(`redis-server ended:\n${output}`)
    await sleep(20)
  }
  return child
}
