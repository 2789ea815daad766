/** Many jobs through the policy of turns and one worker's threads, by events instead of time. */
import { type Holder, ThreadAllocator } from '../../workers/thread-allocator.js'
import { choose, type QueuedJob, threadTime, type WaitingTenant } from './turn-policy.js'

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
  arrival: Arrival
  holder: Holder
  begin: number
  end: number
  charged: number
}

interface Simulated {
  /** Of the thread time until the end, by tenant. */
  shares: Map<string, number>
  /** Seconds from arrival to begin, by tenant. */
  waits: Map<string, number[]>
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
}

export function simulate(
  arrivals: readonly Arrival[],
  { threads, until = Number.POSITIVE_INFINITY, passing = true }: Options,
): Simulated {
  let now = 0
  const allocator = new ThreadAllocator(threads, () => 1_000 * now)
  /** By tenant, in the order of arrival. */
  const queue = new Map<string, { job: QueuedJob; arrival: Arrival }[]>()
  const running = new Set<Running>()
  const used = new Map<string, number>()
  const waits = new Map<string, number[]>()
  let clock = 0
  let next = 0

  const use = (tenantId: string, time: number) => used.set(tenantId, (used.get(tenantId) ?? 0) + time)
  const held = ({ arrival, begin }: Running) => Math.round(1e6 * arrival.threads * (now - begin))

  function tenants(): Map<string, WaitingTenant> {
    return new Map(
      [...queue.keys()].map((name) => {
        const own = [...running].filter(({ arrival }) => arrival.tenantId === name)
        const beyond = own.reduce((sum, run) => sum + Math.max(0, held(run) - run.charged), 0)
        const time = Math.max(clock, (used.get(name) ?? 0) + beyond)
        return [name, { threadTime: time, busy: own.length, allowed: Number.POSITIVE_INFINITY }]
      }),
    )
  }

  /** Whether anything was begun. */
  function claim(): boolean {
    if (allocator.free === 0) return false
    const jobs = [...queue.values()].flatMap((own) => own.slice(0, considered).map(({ job }) => job))
    if (jobs.length === 0) return false
    const capacity = { ...allocator.capacity(), ...(passing ? {} : { freeIn: Array(threads).fill(0) }) }
    const { taken, first } = choose(jobs, tenants(), capacity)
    const waits = first !== null && first.threads > capacity.free
    allocator.reserve(waits ? { jobId: first.id, threads: first.threads } : null)
    if (first !== null && taken.length > 0) clock = Math.max(clock, first.turn)
    for (const turn of taken) begin(turn)
    return taken.length > 0
  }

  function begin({ id, tenantId: owner }: Pick<QueuedJob, 'id' | 'tenantId'>): void {
    const own = queue.get(owner) ?? []
    const index = own.findIndex(({ job }) => job.id === id)
    const [{ arrival }] = own.splice(index, 1)
    const { tenantId, threads, estimated, seconds, at } = arrival
    const charged = threadTime(estimated, threads)
    // A tenant that comes back starts from what is served now.
    use(tenantId, charged + Math.max(0, clock - (used.get(tenantId) ?? 0)))
    const holder = allocator.take([{ spec: { threads }, estimatedSeconds: estimated }])
    running.add({ arrival, holder, begin: now, end: now + seconds, charged })
    const ownWaits = waits.get(tenantId) ?? []
    ownWaits.push(now - at)
    waits.set(tenantId, ownWaits)
  }

  function end(run: Running): void {
    running.delete(run)
    allocator.release(run.holder)
    use(run.arrival.tenantId, held(run) - run.charged)
  }

  while (next < arrivals.length || running.size > 0) {
    const ends = [...running].toSorted((one, other) => one.end - other.end)
    const arrival = arrivals[next]
    now = Math.min(arrival?.at ?? Number.POSITIVE_INFINITY, ends[0]?.end ?? Number.POSITIVE_INFINITY)
    if (now > until) break
    for (const run of ends) if (run.end <= now) end(run)
    if (arrival !== undefined && arrival.at <= now) {
      const id = `job_${next++}`
      const { tenantId, priority, threads, estimated } = arrival
      const job = { id, tenantId, priority, threads, queueNumber: next, seconds: estimated, isSmall: false }
      const own = queue.get(tenantId) ?? []
      own.push({ job, arrival })
      queue.set(tenantId, own)
    }
    while (claim());
  }
  for (const run of running) use(run.arrival.tenantId, held(run) - run.charged)
  const all = [...used.values()].reduce((sum, time) => sum + time, 0)
  return { shares: new Map([...used].map(([name, time]) => [name, time / all])), waits, end: now }
}
