/** The event loop of an API process comes before all other threads of the service. Only Linux has priorities of threads. */
import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, startService } from '../support/service.js'

const middle = 5

/** By thread: field 19 of proc(5), counted after the name in parentheses. */
function priorities(pid: number): Map<number, number> {
  const folder = `/proc/${pid}/task`
  return new Map(
    readdirSync(folder).map((id) => {
      const [, fields] = readFileSync(`${folder}/${id}/stat`, 'utf8').split(') ')
      return [Number(id), Number(fields.split(' ')[16])]
    }),
  )
}

describe.runIf(process.platform === 'linux')('the priority of', () => {
  it('the event loop of the API process is above those of the other threads and of the worker process', async () => {
    const service = await startService({ DATABASE_URL: await freshDatabaseOfTest() })
    onTestFinished(async () => {
      await service.stop()
    })
    const api = service.process.pid ?? Number.NaN
    const worker = await eventually(() => service.workerPids()[0])
    // The service starts with the priority of this thread, which may be lower already.
    const own = getPriority()
    const lowered = Math.max(own, middle)
    const { [api]: loop, ...others } = Object.fromEntries(priorities(api))
    expect(loop).toBe(own)
    // Four threads of V8 and four of libuv.
    expect(Object.values(others).filter((each) => each === lowered).length).toBeGreaterThanOrEqual(8)
    await eventually(() => (priorities(worker).get(worker) === lowered ? true : undefined))
  }, 60_000)
})
