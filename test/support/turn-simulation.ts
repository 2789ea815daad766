/** Many jobs through the policies of turns and preemption and one worker's threads, by events instead of time. */
import { inOrderOfPreemption } from '../../workers/preemption.js'
import { type Holder, ThreadAllocator } from '../../workers/thread-allocator.js'
import { countedTime, preemptionOf } from './preemption-policy.js'
import { choose, chooseForSpare, type QueuedJob, threadTime, type WaitingTenant } from './turn-policy.js'

export interface Arrival {
  /** Seconds from the begin. */
  at: number
  tenantId: string
  priority: number
  threads: number
  /** What it takes, and what it is estimated to take. */
  seconds: number
  estimated: number
}

interface Running {
  id: string
  arrival: Arrival
  holder: Holder
  begin: number
  end: number
  charged: number
}

interface Simulated {
  /** Of the thread time until the end, by tenant. */
  shares: Map<string, number>
  /** Seconds from arrival to the first begin, by tenant. */
  waits: Map<string, number[]>
  preemptions: number
  /** When the last job ended. */
  end: number
}

/** Of each tenant, the first so many jobs: enough that some may pass. All of one have the same priority. */
const considered = 64

interface Options {
  threads: number
  until?: number
  /** Whether short jobs may pass one that waits for threads. */
  passing?: boolean
  /** Whether long jobs give up their threads while another tenant waits. */
  preempting?: boolean
  /** Whether the worker has a spare thread. Jobs with one thread may use it. */
  spare?: boolean
}

/** Seconds between two decisions on preemption. */
const period = 0.25

export function simulate(
  arrivals: readonly Arrival[],
  { threads, until = Number.POSITIVE_INFINITY, passing = true, preempting = true, spare = false }: Options,
): Simulated {
  let now = 0
  const allocator = new ThreadAllocator(threads, () => 1_000 * now)
  /** By tenant, in the order of arrival. */
  const queue = new Map<string, { job: QueuedJob; arrival: Arrival }[]>()
  const running = new Set<Running>()
  const used = new Map<string, number>()
  const waits = new Map<string, number[]>()
  const begun = new Set<string>()
  const stop = new Int32Array(1)
  let preemptions = 0
  let decideAt = period
  let clock = 0
  let next = 0

  const use = (tenantId: string, time: number) => used.set(tenantId, (used.get(tenantId) ?? 0) + time)
  const held = ({ arrival, begin }: Running) => Math.round(1e6 * arrival.threads * (now - begin))

  const usedTime = (name: string) =>
    [...running]
      .filter(({ arrival }) => arrival.tenantId === name)
      .reduce((sum, run) => sum + counted(run) - run.charged, used.get(name) ?? 0)
  const counted = ({ arrival: { threads }, begin, charged }: Running) =>
    countedTime({ threads, seconds: now - begin, charged })

  /** Without what running jobs count before they have held it. */
  const heldUntilNow = (name: string) =>
    [...running]
      .filter(({ arrival }) => arrival.tenantId === name)
      .reduce((sum, run) => sum + held(run) - run.charged, used.get(name) ?? 0)

  function tenants(): Map<string, WaitingTenant> {
    const names = [...queue].filter(([, own]) => own.length > 0).map(([name]) => name)
    return new Map(
      names.map((name) => {
        const busy = [...running].filter(({ arrival }) => arrival.tenantId === name).length
        const time = Math.max(clock, usedTime(name))
        return [name, { threadTime: time, busy, allowed: Number.POSITIVE_INFINITY }]
      }),
    )
  }

  const heads = () => [...queue.values()].flatMap((own) => own.slice(0, considered).map(({ job }) => job))

  /** One job at a time. */
  function claimForSpare(): void {
    if (!spare || allocator.spareIn !== 0 || [...running].some(({ holder }) => holder.isSpare)) return
    const jobs = heads().map((job) => ({
      ...job,
      isSmall: job.threads === 1,
      isForSpare: !begun.has(job.id),
    }))
    const capacity = { ...allocator.spareCapacity(), jobs: 1 }
    for (const turn of chooseForSpare(jobs, tenants(), capacity, clock).taken) begin(turn, true)
  }

  /** Whether anything was begun. */
  function claim(): boolean {
    if (allocator.free === 0) return false
    const jobs = heads()
    if (jobs.length === 0) return false
    const capacity = { ...allocator.capacity(), ...(passing ? {} : { freeIn: Array(threads).fill(0) }) }
    const { taken, first } = choose(jobs, tenants(), capacity)
    const waits = first !== null && first.threads > capacity.free
    allocator.reserve(waits ? { jobId: first.id, threads: first.threads } : null)
    if (first !== null && taken.length > 0) clock = Math.max(clock, first.turn)
    for (const turn of taken) begin(turn)
    return taken.length > 0
  }

  function begin({ id, tenantId: owner }: Pick<QueuedJob, 'id' | 'tenantId'>, isSpare = false): void {
    const own = queue.get(owner) ?? []
    const index = own.findIndex(({ job }) => job.id === id)
    const [{ arrival }] = own.splice(index, 1)
    const { tenantId, threads, estimated, seconds, at } = arrival
    const charged = threadTime(estimated, threads)
    // A tenant that comes back starts from what is served now.
    use(tenantId, charged + Math.max(0, clock - usedTime(tenantId)))
    const holder = allocator.take([{ spec: { threads }, estimatedSeconds: estimated }], isSpare)
    // The first report comes at once.
    holder.begunAt = holder.since
    holder.expectedEnd = 1_000 * (now + seconds)
    running.add({ id, arrival, holder, begin: now, end: now + seconds, charged })
    if (begun.has(id)) return
    begun.add(id)
    const ownWaits = waits.get(tenantId) ?? []
    ownWaits.push(now - at)
    waits.set(tenantId, ownWaits)
  }

  function end(run: Running): void {
    running.delete(run)
    allocator.release(run.holder)
    use(run.arrival.tenantId, held(run) - run.charged)
  }

  /** Returns jobs to the queue, with the rest of their work. */
  function preempt(): void {
    const runs = [...running].map(({ id, arrival: { tenantId, threads }, begin, charged }) => ({
      ...{ id, tenantId, threads, charged },
      seconds: now - begin,
      parameters: 0,
    }))
    const order = inOrderOfPreemption(
      [...running].map(({ id, holder }) => ({
        runs: [{ id, stop }],
        holder,
        orders: { keepsRows: () => true },
      })),
      1_000 * now,
    )
    const waiting = [...queue.values()].flatMap((own) =>
      own.slice(0, 1).map(({ job, arrival }) => ({ ...job, age: now - arrival.at, sincePreemption: 5 })),
    )
    const times = new Map([...used.keys()].map((name) => [name, usedTime(name)]))
    const state = { queue: waiting, waiting: tenants(), used: times, clock, runs }
    const ids = preemptionOf(
      state,
      order.map(({ id }) => id),
      { free: allocator.free, all: threads, timeScale: 1 },
    )
    const serving = new Set([...running].map(({ arrival }) => arrival.tenantId))
    const least = Math.min(
      ...[...serving].map(heldUntilNow),
      ...[...tenants().values()].map(({ threadTime }) => threadTime),
    )
    if (serving.size > 0) clock = Math.max(clock, least)
    for (const run of running) {
      if (!ids.includes(run.id)) continue
      preemptions++
      end(run)
      const { arrival } = run
      const left = (run.end - now) / arrival.seconds
      const rest = { ...arrival, seconds: left * arrival.seconds, estimated: left * arrival.estimated }
      const number = Number(run.id.split('_')[1]) + 1
      const job = { ...toJob(rest, number), id: run.id }
      const own = queue.get(arrival.tenantId) ?? []
      own.push({ job, arrival: rest })
      own.sort((one, other) => one.job.queueNumber - other.job.queueNumber)
      queue.set(arrival.tenantId, own)
    }
  }

  while (next < arrivals.length || running.size > 0) {
    const ends = [...running].toSorted((one, other) => one.end - other.end)
    const arrival = arrivals[next]
    now = Math.min(
      arrival?.at ?? Number.POSITIVE_INFINITY,
      ends[0]?.end ?? Number.POSITIVE_INFINITY,
      preempting ? decideAt : Number.POSITIVE_INFINITY,
    )
    if (now > until) break
    for (const run of ends) if (run.end <= now) end(run)
    if (preempting && now >= decideAt) {
      decideAt += period
      preempt()
    }
    if (arrival !== undefined && arrival.at <= now) {
      const { tenantId } = arrival
      const job = toJob(arrival, ++next)
      const own = queue.get(tenantId) ?? []
      own.push({ job, arrival })
      queue.set(tenantId, own)
    }
    while (claim());
    claimForSpare()
  }
  for (const run of running) use(run.arrival.tenantId, held(run) - run.charged)
  const all = [...used.values()].reduce((sum, time) => sum + time, 0)
  const shares = new Map([...used].map(([name, time]) => [name, time / all]))
  return { shares, waits, preemptions, end: now }
}

/** The job of the arrival with that number, from 1. */
function toJob({ tenantId, priority, threads, estimated }: Arrival, queueNumber: number): QueuedJob {
  const id = `job_${queueNumber - 1}`
  return { id, tenantId, priority, threads, queueNumber, seconds: estimated, isSmall: false }
}
