/** The spans of one attempt of a job: `queue`, `train`, and below it `thread` with `epochs`. */
import { type Attributes, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { epochCount } from '../src/engine/index.js'
import { storedParent } from '../src/tracing/trace-context.js'
import type { Tracing } from '../src/tracing/tracing.js'
import type { ClaimedJob, Progress } from '../src/training/ports/runs.js'

/** A training of many epochs has several groups of stored epochs in one span. */
const maximumEpochSpans = 100

type Reported = Pick<Progress, 'epochs' | 'seconds' | 'backend'>

interface EpochGroup {
  first: number
  count: number
  seconds: number
}

export class RunTrace {
  readonly #tracing: Tracing
  readonly #job: ClaimedJob
  readonly #train: Span
  #thread: Span | undefined
  #group: EpochGroup | undefined
  /** The start of the next span of epochs. */
  #epochsSince = 0
  #epochSpans = 0

  private constructor(tracing: Tracing, job: ClaimedJob, train: Span) {
    this.#tracing = tracing
    this.#job = job
    this.#train = train
  }

  /** Null if the attempt is not recorded. */
  static begin(tracing: Tracing | null, job: ClaimedJob, workerId: string): RunTrace | null {
    if (tracing === null || job.isSampled === false) return null
    const claimed = Date.now()
    const parent = storedParent(job)
    const train = tracing.start('train', parent, { kind: SpanKind.CONSUMER, startTime: claimed })
    if (!train.isRecording()) return null
    const ids = {
      'descent.tenant.id': job.tenantId,
      'descent.job.id': job.jobId,
      'descent.attempt': job.attempt,
    }
    train.setAttributes({
      ...ids,
      'descent.worker.id': workerId,
      'descent.parameters': job.parameters,
      'descent.epochs': job.epochs,
      'descent.stored_epoch': job.storedEpoch,
    })
    const queueParent = parent !== null && 'spanId' in parent ? parent : train.spanContext()
    // The clock of the database may differ from that of this machine, so only its difference is used.
    const startTime = claimed - 1_000 * Math.max(0, job.queuedSeconds)
    tracing.start('queue', queueParent, { startTime, attributes: ids }).end(claimed)
    return new RunTrace(tracing, job, train)
  }

  get spanId(): string {
    return this.#train.spanContext().spanId
  }

  /** @param jobs that the thread trains in sequence, of which this is one */
  enterThread(jobs: number): void {
    this.#epochsSince = Date.now()
    this.#thread = this.#tracing.start('thread', this.#train.spanContext(), {
      startTime: this.#epochsSince,
      attributes: { 'descent.thread.jobs': jobs },
    })
  }

  /** These epochs are stored. */
  report({ epochs, seconds, backend }: Reported): void {
    const count = epochCount(epochs)
    if (count === 0) return
    this.#train.setAttribute('descent.backend', backend)
    this.#group ??= { first: epochs.firstEpoch, count: 0, seconds: 0 }
    this.#group.count += count
    this.#group.seconds += seconds
    const { epochs: planned, storedEpoch } = this.#job
    const isLarge = this.#group.count >= (planned - storedEpoch) / maximumEpochSpans
    if (isLarge && this.#epochSpans < maximumEpochSpans) this.#endGroup()
  }

  /** @param problem the code of the error, or why the job is queued again */
  end(outcome: string, problem?: string): void {
    this.#endGroup()
    this.#thread?.end()
    const attributes: Attributes = { 'descent.outcome': outcome }
    if (problem !== undefined) {
      attributes['error.type'] = problem
      this.#train.setStatus({ code: SpanStatusCode.ERROR, message: problem })
    }
    this.#train.setAttributes(attributes).end()
  }

  #endGroup(): void {
    if (this.#group === undefined || this.#thread === undefined) return
    const { first, count, seconds } = this.#group
    const end = Date.now()
    this.#tracing
      .start('epochs', this.#thread.spanContext(), {
        startTime: this.#epochsSince,
        attributes: {
          'descent.epoch.first': first,
          'descent.epoch.last': first + count - 1,
          'descent.training.seconds': seconds,
        },
      })
      .end(end)
    this.#epochSpans++
    this.#epochsSince = end
    this.#group = undefined
  }
}
