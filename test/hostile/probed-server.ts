/** The built API with default limits, in a process that reports the longest block of its event loop. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { openStores, type Stores } from '../support/stores.js'

const probe = fileURLToPath(new URL('./event-loop-probe.mjs', import.meta.url))
const answerSchema = z.object({ longest: z.number() })

export interface ProbedServer extends Stores {
  url: string
  pid: number
  /** Returns the longest block of the event loop since the last call, in milliseconds. */
  longestBlock(): Promise<number>
  /** The text of its log. */
  output(): string
}

export async function openProbedServer(environment: Record<string, string> = {}): Promise<ProbedServer> {
  const stores = await openStores()
  const child = spawn(process.execPath, ['--import', probe, 'dist/src/server.js'], {
    env: {
      ...process.env,
      PORT: '0',
      HOST: '',
      REDIS_URL: '',
      DATABASE_URL: stores.connectionString,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  let url: string | undefined
  while (url === undefined) {
    url = /listening on (http:[\w.:/-]+)/.exec(output)?.[1]
    if (child.exitCode !== null) throw new Error(`the service ended while starting:\n${output}`)
    await sleep(20)
  }
  return {
    ...stores,
    url,
    pid: child.pid ?? 0,
    output: () => output,
    async longestBlock() {
      child.send('longest')
      const [answer] = await once(child, 'message')
      return answerSchema.parse(answer).longest
    },
    async close() {
      const exited = once(child, 'exit')
      child.kill()
      await exited
      await stores.close()
    },
  }
}
