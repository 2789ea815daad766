/** A process with a blocked event loop is neither reported as dead nor as hung. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, startService } from '../support/service.js'

const answerSchema = z.object({ status: z.enum(['live', 'hung']), silentSeconds: z.number() })

async function ask(port: number) {
  const answer = await fetch(`http://127.0.0.1:${port}/health/live`)
  return { code: answer.status, ...answerSchema.parse(await answer.json()) }
}

/** Reports on its event loop, which blocks for some seconds on request, and counts as hung after two. */
const program = `
  import { openLiveness } from './dist/src/process/liveness.js'
  const { port } = await openLiveness('127.0.0.1', 0, 2)
  setInterval(() => {}, 1000)
  process.on('message', (seconds) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000 * seconds)
    process.send('over')
  })
  process.send(port)
`

it('is answered by a thread while the loop is blocked, as live, then as hung, then as live again', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const [port] = z
    .tuple([z.number()])
    .rest(z.unknown())
    .parse(await once(child, 'message'))
  expect(await ask(port)).toMatchObject({ code: 200, status: 'live' })
  const over = once(child, 'message')
  child.send(6)
  const seen = new Map<string, number>()
  await eventually(async () => {
    const { code, status, silentSeconds } = await ask(port)
    seen.set(status, code)
    return status === 'hung' && silentSeconds >= 2 ? true : undefined
  })
  expect([...seen]).toEqual([
    ['live', 200],
    ['hung', 503],
  ])
  await over
  await eventually(async () => ((await ask(port)).code === 200 ? true : undefined))
  expect((await fetch(`http://127.0.0.1:${port}/jobs`)).status).toBe(404)
})

it('is answered by the API on LIVENESS_PORT, and the API still ends', async () => {
  const environment = { DATABASE_URL: await freshDatabaseOfTest(), LIVENESS_PORT: '0', LOG_LEVEL: 'info' }
  const service = await startService(environment, 'dist/src/server.js')
  onTestFinished(async () => {
    await service.stop()
  })
  const port = Number(/liveness on port (\d+)/.exec(service.output())?.[1])
  expect(await ask(port)).toMatchObject({ code: 200, status: 'live' })
  expect((await fetch(`${service.url}/health/live`)).status).toBe(200)
  expect((await service.stop()).code).toBe(0)
  await expect(ask(port)).rejects.toThrow()
})
