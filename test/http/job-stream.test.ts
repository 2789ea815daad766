/** The stream of one job over a real socket. */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { Epoch } from '../../src/contract/epoch.js'
import { problemSchema } from '../../src/contract/problems.js'
import { openApp, type RunningApp } from '../support/app.js'
import { eventually } from '../support/service.js'
import { linearModel, startJob, storeEpochs } from '../support/stores.js'
import { settled } from '../support/waiting.js'
import { upTo, watchJob } from '../support/watching.js'

let service: RunningApp
let url: string

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(() => service.close())

const epochsOf = (first: number, last: number): Epoch[] =>
  Array.from({ length: last - first + 1 }, (_, index) => {
    const epoch = first + index
    return { epoch, loss: 1 / epoch, accuracy: epoch / last, valLoss: null, valAccuracy: null, seconds: 0 }
  })

describe('the stream', () => {
  it('sends the job, its epochs and its end, and closes', async () => {
    const claim = await startJob(service)
    const watching = watchJob(url, claim.jobId)
    await eventually(() => watching.messages[0])
    await storeEpochs(service, claim, epochsOf(1, 10))
    await service.runs.succeed(claim, linearModel())
    await service.live.refresh()
    const { code, job } = await watching.ended
    expect(code).toBe(1000)
    expect(job).toMatchObject({ status: 'succeeded', epoch: 10 })
    expect(watching.epochs()).toEqual(epochsOf(1, 10))
  })

  it('sends a diverged loss as null and reports it', async () => {
    const claim = await startJob(service)
    const last: Epoch = {
      epoch: 1,
      loss: null,
      accuracy: null,
      valLoss: null,
      valAccuracy: null,
      seconds: 0,
      diverged: true,
    }
    await storeEpochs(service, claim, [last])
    await service.runs.fail(claim, { code: 'diverged', message: 'too fast', epoch: 1 })
    const watching = watchJob(url, claim.jobId)
    expect((await watching.ended).job).toMatchObject({ status: 'failed', error: { code: 'diverged' } })
    expect(watching.epochs()).toEqual([last])
  })

  it.each([
    ['an unknown job', '/jobs/none/stream', 404],
    ['a wrong position', '/jobs/none/stream?after=-1', 400],
    ['another address', '/nothing', 404],
  ])('refuses %s before the upgrade', async (_name, path, status) => {
    const socket = new WebSocket(url.replace('http', 'ws') + path)
    const [, response] = await once(socket, 'unexpected-response')
    expect(response.statusCode).toBe(status)
    const chunks = await response.toArray()
    expect(problemSchema.parse(JSON.parse(Buffer.concat(chunks).toString())).status).toBe(status)
  })

  it('closes the stream of a client with too large messages, and no other', async () => {
    const claim = await startJob(service)
    const watching = watchJob(url, claim.jobId)
    const chatty = new WebSocket(`${url.replace('http', 'ws')}/jobs/${claim.jobId}/stream`)
    await once(chatty, 'open')
    chatty.send('x'.repeat(100_000))
    const [code] = await once(chatty, 'close')
    expect(code).toBe(1009)
    await service.jobs.cancel(claim.jobId)
    await service.live.refresh()
    expect((await watching.ended).code).toBe(1000)
  })

  it('reports a deleted job', async () => {
    const { jobId } = await startJob(service)
    const watching = watchJob(url, jobId)
    await eventually(() => watching.messages[0])
    await service.database.job.delete({ where: { id: jobId } })
    await service.live.refresh()
    expect((await watching.ended).code).toBe(1008)
  })

  it('stops reading the database while a client does not read, and then resumes', async () => {
    const claim = await startJob(service)
    const batches = upTo(10).map((batch) => epochsOf((batch - 1) * 40_000 + 1, batch * 40_000))
    for (const batch of batches) await storeEpochs(service, claim, batch)
    await service.jobs.cancel(claim.jobId)
    const reads = vi.spyOn(service.watching, 'epochs')
    const socket = new WebSocket(`${url.replace('http', 'ws')}/jobs/${claim.jobId}/stream`)
    socket.once('open', () => socket.pause())
    let received = 0
    let next = 1
    let inOrder = true
    socket.on('message', (data) => {
      const message = JSON.parse(String(data))
      if (message.type !== 'epochs') return
      for (const { epoch } of message.epochs) inOrder &&= epoch === next++
      received += message.epochs.length
    })
    const closed = once(socket, 'close')

    // 400,000 epochs are 200 reads; some are in the buffers of the system.
    expect(await settled(() => reads.mock.calls.length)).toBeLessThan(100)
    expect(received).toBeLessThan(400_000)
    socket.resume()
    expect((await closed)[0]).toBe(1000)
    expect(received).toBe(400_000)
    expect(inOrder).toBe(true)
  })
})
