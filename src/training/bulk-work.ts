/**
 * Work of the event loop on many bytes: messages of streams, pieces of uploads, and pieces of weights and exports. Each kind
 * has a lane, in which tenants take turns. All lanes share one budget of time, so that together they use a part of the loop
 * while requests come. Other work of the process runs between their tasks, even while thousands of them are due.
 */
import { TenantQueue } from '../base/tenant-queue.js'
import { areRequestsUnderWay, hasRequestBegun } from './slices.js'

/** Share of the budget, and of the time of the event loop, that tasks may use while requests come. */
const shareDuringRequests = 1 / 4

/** The time after the start of a request in which the next one may come. */
const recentMilliseconds = 100

/** The longest pause of the tasks for requests. */
const maximumPauseMilliseconds = 50

/** Lanes take turns, and so do the tenants within a lane. The order of a tenant's tasks is that of their calls. */
interface BulkLane {
  /**
   * Runs the task now, or queues it if the budget is spent. Returns its result.
   * @param tenantId whose task it is, or the visitors of a tenant's share links
   * @param milliseconds of the event loop that the task takes outside of it, such as in the driver of the database
   */
  run<T>(tenantId: string, task: () => T, milliseconds?: number): T | Promise<T>
}

/** Runs the tasks of its lanes until a budget of milliseconds is spent, then yields to the event loop. */
export class BulkWork {
  readonly #lanes: Lane[] = []
  /** The lane whose turn is next. */
  #next = 0
  /** Time of the tasks since the last yield. */
  #spentMilliseconds = 0
  #isYieldScheduled = false
  #isPaused = false
  /** The start of the first task since the last yield. */
  #startedAt = 0

  constructor(private readonly budgetMilliseconds: number) {}

  /** @param maximumTasks tasks between yields; limits tasks that start work outside of the measured time */
  openLane(maximumTasks = Number.POSITIVE_INFINITY): BulkLane {
    const lane = new Lane((share) => lane.tasksRun < share * maximumTasks)
    this.#lanes.push(lane)
    return {
      run: <T>(tenantId: string, task: () => T, milliseconds = 0): T | Promise<T> => {
        if (lane.queue.isEmpty && this.#mayRun(lane)) return this.#runTimed(lane, task, milliseconds)
        return new Promise<T>((resolve, reject) => {
          lane.queue.add(tenantId, () => {
            try {
              resolve(this.#runTimed(lane, task, milliseconds))
            } catch (error) {
              reject(error)
            }
          })
        })
      },
    }
  }

  #mayRun(lane: Lane): boolean {
    if (this.#isPaused) return false
    const share = areRequestsUnderWay() ? shareDuringRequests : 1
    return this.#spentMilliseconds < share * this.budgetMilliseconds && lane.hasTasksLeft(share)
  }

  #runTimed<T>(lane: Lane, task: () => T, milliseconds: number): T {
    const start = performance.now()
    lane.tasksRun++
    try {
      return task()
    } finally {
      this.#spentMilliseconds += performance.now() - start + milliseconds
      if (!this.#isYieldScheduled) {
        this.#isYieldScheduled = true
        this.#startedAt = start
        setImmediate(() => this.#yield())
      }
    }
  }

  /** Pauses while requests come. The time includes what the tasks caused until now, such as writes of sockets. */
  #yield(): void {
    const milliseconds = Math.max(performance.now() - this.#startedAt, this.#spentMilliseconds)
    const pause = Math.min(maximumPauseMilliseconds, milliseconds * (1 / shareDuringRequests - 1))
    this.#isPaused = pause >= 1 && hasRequestBegun(recentMilliseconds)
    if (this.#isPaused) setTimeout(() => this.#resume(), pause)
    else this.#resume()
  }

  #resume(): void {
    this.#spentMilliseconds = 0
    this.#isYieldScheduled = false
    this.#isPaused = false
    for (const lane of this.#lanes) lane.tasksRun = 0
    for (let idle = 0; idle < this.#lanes.length; ) {
      const lane = this.#lanes[this.#next]
      this.#next = (this.#next + 1) % this.#lanes.length
      const task = this.#mayRun(lane) ? lane.queue.take() : undefined
      idle = task === undefined ? idle + 1 : 0
      task?.()
    }
  }
}

class Lane {
  readonly queue = new TenantQueue<() => void>()
  /** Since the last yield. */
  tasksRun = 0

  constructor(readonly hasTasksLeft: (share: number) => boolean) {}
}

/** Of this process. */
const bulkWork = new BulkWork(8)

/** For the writes of all WebSockets. */
export const socketLane = bulkWork.openLane()

/** For the writes of all event streams. Node sends their bytes after the task, so tasks are limited too. */
export const eventStreamLane = bulkWork.openLane(8)

/** For the received pieces of all uploads. Node writes them after the task, so tasks are limited. */
export const uploadLane = bulkWork.openLane(8)

/** For the pieces of weights and exported files. */
const pieceLane = bulkWork.openLane(8)

/** Time of the event loop for a mebibyte: the driver of the database, the hash, and the write to the socket. */
const millisecondsPerMebibyte = 2

/** Yields the chunks of a tenant at the pace of bulk work. */
export async function* paced<Chunk extends { length: number }>(
  chunks: AsyncIterable<Chunk>,
  tenantId: string,
): AsyncGenerator<Chunk> {
  for await (const chunk of chunks)
    yield await pieceLane.run(tenantId, () => chunk, (millisecondsPerMebibyte * chunk.length) / 1024 ** 2)
}
