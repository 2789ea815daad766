/** Which runs of a worker may be preempted, and in which order. */
import type { Logger } from 'pino'
import type { RunStore } from '../src/training/ports/runs.js'
import { type Batch, requestStopAfterFold } from './batch.js'
import type { Holder, ThreadAllocator } from './thread-allocator.js'

/** Between two decisions. */
const decisionMilliseconds = 250
/** Milliseconds of training between two preemptions of a job. */
const leastMilliseconds = 1_000
/** A run also trains this many times as long as the preparation that the next claim repeats. */
const preparationFactor = 10
/** Milliseconds. A training that is expected to end sooner is not stopped. */
const leastLeft = 1_000
/** Milliseconds for which jobs hold the spare thread. They are estimated to take a tenth of it. */
const spareMilliseconds = 1_000

interface Preemptible<Run> {
  readonly runs: readonly Run[]
  readonly holder: Pick<Holder, 'threads' | 'isSpare' | 'since' | 'encodedAt' | 'begunAt' | 'expectedEnd'>
  /** Whether the worker keeps the encoded rows of an order, by its index. */
  readonly orders: { keepsRows(index: number): boolean }
}

/**
 * Those that hold their threads longest come first. Batches end soon, as do runs on the spare thread. A run that has not
 * begun would lose its preparation.
 * @param now in milliseconds
 */
export function inOrderOfPreemption<Run extends { readonly stop: Int32Array }>(
  batches: readonly Preemptible<Run>[],
  now: number,
): Run[] {
  const mayStop = ({ runs, holder, orders }: Preemptible<Run>) => {
    const { threads, isSpare, since, encodedAt, begunAt, expectedEnd } = holder
    if (threads === 0 || isSpare || begunAt === null) return false
    const repeated = begunAt - (encodedAt !== null && orders.keepsRows(0) ? encodedAt : since)
    return (
      now - begunAt >= Math.max(leastMilliseconds, preparationFactor * repeated) &&
      (expectedEnd === null || expectedEnd - now >= leastLeft) &&
      runs.every(({ stop }) => Atomics.load(stop, 0) === 0)
    )
  }
  return batches
    .filter((batch) => batch.runs.length === 1 && mayStop(batch))
    .toSorted((one, other) => one.holder.since - other.holder.since)
    .flatMap(({ runs }) => runs)
}

/** Runs that hold the spare thread for longer than small jobs do, because their estimate was wrong. */
export function overrunsOfSpare<Run extends { readonly stop: Int32Array }>(
  batches: readonly Pick<Preemptible<Run>, 'runs' | 'holder'>[],
  now: number,
): Run[] {
  return batches
    .filter(({ holder }) => holder.isSpare && holder.threads > 0 && now - holder.since >= spareMilliseconds)
    .flatMap(({ runs }) => runs)
    .filter(({ stop }) => Atomics.load(stop, 0) === 0)
}

interface Dependencies {
  runs: Pick<RunStore, 'preempt'>
  /** Of the worker. */
  threads: number
  log: Logger
}

/** Stops runs while a job of another tenant waits. They continue later from a checkpoint, with the same bits. */
export class Preemption {
  readonly #timer: NodeJS.Timeout
  #isDeciding = false

  constructor(
    private readonly batches: ReadonlySet<Batch>,
    private readonly allocator: Pick<ThreadAllocator, 'free'>,
    private readonly dependencies: Dependencies,
  ) {
    this.#timer = setInterval(() => {
      for (const run of overrunsOfSpare([...this.batches], performance.now())) release(run)
      void this.#decide()
    }, decisionMilliseconds)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #decide(): Promise<void> {
    if (this.#isDeciding) return
    this.#isDeciding = true
    try {
      await this.#preempt(inOrderOfPreemption([...this.batches], performance.now()))
    } catch (error) {
      this.dependencies.log.warn({ err: error }, 'waiting tenants could not be read')
    } finally {
      this.#isDeciding = false
    }
  }

  async #preempt(order: readonly Batch['runs'][number][]): Promise<void> {
    if (order.length === 0) return
    const { runs, threads } = this.dependencies
    const ids = await runs.preempt(
      order.map(({ job }) => job.jobId),
      { free: this.allocator.free, all: threads },
    )
    for (const run of order) if (ids.includes(run.job.jobId)) release(run)
  }
}

function release(run: Batch['runs'][number]): void {
  run.reason = 'preempted'
  requestStopAfterFold(run)
}
