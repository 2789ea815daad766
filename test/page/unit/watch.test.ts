/** What the page makes of the messages of a stream, also when they come twice. */
import { describe, expect, it, vi } from 'vitest'
import { watchJob } from '../../../page/src/api/watch-job.js'
import { watchJobs } from '../../../page/src/api/watch-jobs.js'
import { watchSweep } from '../../../page/src/api/watch-sweep.js'
import { fakeSockets } from './fake-socket.js'

const epochs = (...numbers: number[]) => ({
  type: 'epochs',
  epochs: numbers.map((epoch) => ({ epoch, loss: 1 / epoch })),
})

async function watch(boundary?: number) {
  const sockets = fakeSockets()
  const watcher = { job: vi.fn(), epochs: vi.fn(), boundary: vi.fn(), connection: vi.fn() }
  const close = watchJob('job/1', watcher, boundary)
  await vi.advanceTimersByTimeAsync(0)
  const numbers = () =>
    watcher.epochs.mock.calls.flatMap(([list]) => list.map(({ epoch }: { epoch: number }) => epoch))
  return { sockets, watcher, close, numbers }
}

describe('the watcher of a job', () => {
  it('subscribes to its job from the first epoch, with boundaries on request', async () => {
    const { sockets } = await watch(24)
    expect(new URL(sockets[0].address).pathname).toBe('/jobs/job%2F1/stream')
    expect(sockets[0].query).toEqual({ after: '0', boundary: '24', weights: 'true' })
    expect((await watch()).sockets[0].query).toEqual({ after: '0' })
  })

  it('continues after the last epoch, without repetitions', async () => {
    const { sockets, numbers, watcher } = await watch()
    sockets[0].receive(epochs(1, 2, 3))
    sockets[0].receive(epochs(3, 4))
    sockets[0].end(1006)
    await vi.advanceTimersByTimeAsync(250)
    expect(sockets[1].query).toEqual({ after: '4' })
    sockets[1].receive(epochs(3, 4))
    sockets[1].receive(epochs(5))
    expect(numbers()).toEqual([1, 2, 3, 4, 5])
    expect(watcher.epochs).toHaveBeenCalledTimes(3)
    sockets[1].receive(epochs())
    sockets[1].end(1006)
    await vi.advanceTimersByTimeAsync(250)
    expect(sockets[2].query).toEqual({ after: '5' })
  })

  it('receives the job, boundaries and the end, and then stays closed', async () => {
    const { sockets, watcher } = await watch()
    const [job, ended] = [
      { id: 'job/1', status: 'running' },
      { id: 'job/1', status: 'succeeded' },
    ]
    sockets[0].receive({ type: 'job', job })
    sockets[0].receive({ type: 'boundary', epoch: 2 })
    sockets[0].receive({ type: 'end', job: ended })
    expect(watcher.job.mock.calls).toEqual([[job], [ended]])
    expect(watcher.boundary.mock.calls).toEqual([[{ type: 'boundary', epoch: 2 }]])
    expect(watcher.connection.mock.calls.flat()).toEqual(['connecting', 'live', 'live', 'live', 'ended'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sockets).toHaveLength(1)
  })

  it('ends after a request to stop', async () => {
    const { sockets, close } = await watch()
    close()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sockets).toHaveLength(1)
  })
})

describe('the watcher of many jobs', () => {
  async function watchMany() {
    const sockets = fakeSockets()
    const watcher = { job: vi.fn(), deleted: vi.fn() }
    const stream = watchJobs(watcher)
    const settle = () => vi.advanceTimersByTimeAsync(0)
    return { sockets, watcher, stream, settle }
  }
  const watching = (...ids: string[]) => ({ type: 'watch', jobs: ids.map((id) => ({ id })) })

  it('connects with the first job, and subscribes to new jobs', async () => {
    const { sockets, stream, settle } = await watchMany()
    stream.watch([])
    await settle()
    expect(sockets).toEqual([])
    stream.watch(['a', 'b'])
    await settle()
    stream.watch(['b', 'c'])
    expect(sockets[0].sent).toEqual([])
    sockets[0].accept()
    expect(sockets[0].sent).toEqual([watching('b', 'c')])
    stream.watch(['c', 'd'])
    expect(sockets[0].sent.slice(1)).toEqual([{ type: 'unwatch', jobs: ['b'] }, watching('d')])
    stream.watch(['c', 'd'])
    expect(sockets[0].sent).toHaveLength(3)
  })

  it('subscribes again after a lost connection, except to ended and deleted jobs', async () => {
    const { sockets, stream, watcher, settle } = await watchMany()
    stream.watch(['a', 'b', 'c'])
    await settle()
    sockets[0].accept()
    sockets[0].receive({ type: 'end', jobId: 'a', job: { id: 'a' } })
    sockets[0].receive({ type: 'problem', jobId: 'b' })
    sockets[0].receive({ type: 'problem', jobId: null })
    sockets[0].receive({ type: 'epochs', jobId: 'c', epochs: [] })
    sockets[0].receive({ type: 'job', jobId: 'c', job: { id: 'c' } })
    expect(watcher.job.mock.calls).toEqual([[{ id: 'a' }], [{ id: 'c' }]])
    expect(watcher.deleted.mock.calls).toEqual([['b']])
    sockets[0].end(1011)
    await vi.advanceTimersByTimeAsync(250)
    sockets[1].accept()
    expect(sockets[1].sent).toEqual([watching('c')])
  })

  it('asks for 200 jobs at a time, and for 1,000 at most', async () => {
    const { sockets, stream, settle } = await watchMany()
    stream.watch(Array.from({ length: 1_001 }, (_, index) => `job-${index}`))
    await settle()
    sockets[0].accept()
    const sizes = sockets[0].sent.map((message) => (message as { jobs: object[] }).jobs.length)
    expect(sizes).toEqual([200, 200, 200, 200, 200])
  })
})

describe('the watcher of a sweep', () => {
  const trials = (position: number, ...numbers: number[]) => ({
    type: 'trials',
    position,
    trials: numbers.map((trial) => ({ trial })),
  })

  async function watchOne(isSummary?: boolean) {
    const sockets = fakeSockets()
    const watcher = { sweep: vi.fn(), trials: vi.fn(), connection: vi.fn() }
    watchSweep('swp/1', watcher, isSummary)
    await vi.advanceTimersByTimeAsync(0)
    return { sockets, watcher }
  }

  it('subscribes to the sweep, without trials on request', async () => {
    const { sockets } = await watchOne()
    expect(new URL(sockets[0].address).pathname).toBe('/sweeps/swp%2F1/stream')
    expect(sockets[0].query).toEqual({ after: '0' })
    expect((await watchOne(true)).sockets[0].query).toEqual({ after: '0', trials: 'false' })
  })

  it('continues after the last position, and stops at the end', async () => {
    const { sockets, watcher } = await watchOne()
    sockets[0].receive({ type: 'sweep', sweep: { id: 'swp/1' } })
    sockets[0].receive(trials(2, 1, 2, 4))
    sockets[0].end(1006)
    await vi.advanceTimersByTimeAsync(250)
    expect(sockets[1].query).toEqual({ after: '2' })
    sockets[1].receive(trials(4, 3, 4))
    sockets[1].receive({ type: 'end', sweep: { id: 'swp/1', status: 'succeeded' } })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sockets).toHaveLength(2)
    expect(watcher.sweep).toHaveBeenLastCalledWith({ id: 'swp/1', status: 'succeeded' })
    expect(watcher.trials).toHaveBeenCalledTimes(2)
    expect(watcher.connection).toHaveBeenLastCalledWith('ended')
  })
})
