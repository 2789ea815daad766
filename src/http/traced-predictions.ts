/** Spans of what a request computes with models: the wait for memory and for a thread, and the computation. */
import { type Attributes, type Span, type SpanContext, SpanStatusCode } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../contract/problems.js'
import type { Tracing } from '../tracing/tracing.js'
import type { PoolObserver, PredictorPool, TableRows } from '../training/ports/predictor-pool.js'

/** What requests use of the pool. */
type RequestPredictors = Omit<PredictorPool, 'split' | 'close'>

export interface TracedPredictions {
  predictors: RequestPredictors
  /** Null exports no spans. */
  tracing: Tracing | null
}

/** Further computations of a request have no span, such as the frames of a long stream. */
const maximumSpans = 100

/** The pool itself, if the request is not recorded. */
export function predictorsOf(
  { span }: Pick<FastifyRequest, 'span'>,
  { predictors, tracing }: TracedPredictions,
): RequestPredictors {
  if (tracing === null || span === null || !span.isRecording()) return predictors
  return tracePredictions(predictors, tracing, span.spanContext())
}

function tracePredictions(pool: RequestPredictors, tracing: Tracing, parent: SpanContext): RequestPredictors {
  let spans = 0

  function start(name: string, startTime: number, attributes: Attributes): Span | null {
    if (spans === maximumSpans) return null
    spans++
    return tracing.start(name, parent, { startTime, attributes })
  }

  function trace<T>(name: string, attributes: Attributes, work: (use: PoolUse) => Promise<T>): Promise<T> {
    const use = new PoolUse()
    return use.record(start(name, use.begin, attributes), work(use))
  }

  return {
    predict(tenantId, model, inputs) {
      const use = new PoolUse()
      const outputs = pool.predict(tenantId, model, inputs, use)
      // A small network that is loaded takes less time than its span.
      if (!(outputs instanceof Promise)) return outputs
      const features = (model.network.inputShape ?? []).reduce((product, side) => product * side, 1)
      return use.record(start('predict', use.begin, describe(model, inputs.length / features)), outputs)
    },
    evaluate: (tenantId, model, rows, signal) =>
      trace('evaluate', describe(model, countRows(rows)), (use) =>
        pool.evaluate(tenantId, model, rows, signal, use),
      ),
    rank: (tenantId, model, rows, request, signal) =>
      trace('rank', describe(model, countRows(rows)), (use) =>
        pool.rank(tenantId, model, rows, request, signal, use),
      ),
    answerRows: (tenantId, model, rows, signal) =>
      trace('answer', describe(model, countRows(rows)), (use) =>
        pool.answerRows(tenantId, model, rows, signal, use),
      ),
    compareRows: (tenantId, model, rows, request, signal) =>
      trace('compare', describe(model, countRows(rows)), (use) =>
        pool.compareRows(tenantId, model, rows, request, signal, use),
      ),
    measureImportance: (tenantId, model, rows, request, signal) =>
      trace('importance', describe(model, countRows(rows)), (use) =>
        pool.measureImportance(tenantId, model, rows, request, signal, use),
      ),
    measureDependence: (tenantId, model, rows, request, signal) =>
      trace('dependence', describe(model, countRows(rows)), (use) =>
        pool.measureDependence(tenantId, model, rows, request, signal, use),
      ),
    drawBoundary: (request) =>
      trace(
        'boundary',
        describe('model' in request ? request.model : null, request.size ** request.axes.length),
        (use) => pool.drawBoundary(request, use),
      ),
  }
}

const describe = (model: { id: string } | null, rows: number | undefined): Attributes => ({
  ...(model !== null && { 'descent.model.id': model.id }),
  ...(rows !== undefined && { 'descent.rows': rows }),
})

/** Undefined for a generated dataset, whose rows the thread generates. */
function countRows({ table, only }: TableRows): number | undefined {
  if (only !== null) return only.length
  return 'chunks' in table ? table.rows : undefined
}

/** One use of the pool. */
class PoolUse implements PoolObserver {
  readonly begin = Date.now()
  readonly #asked = performance.now()
  #started: number | undefined
  #loaded = false

  onLoad(): void {
    this.#loaded = true
  }

  onStart(): void {
    this.#started = performance.now()
  }

  /** Ends the span with the answer. */
  async record<T>(span: Span | null, answer: Promise<T>): Promise<T> {
    if (span === null) return answer
    try {
      return await answer
    } catch (error) {
      span.setAttribute('error.type', errorType(error)).setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.setAttribute('descent.model.loaded', this.#loaded)
      if (this.#started !== undefined) {
        span.setAttribute('descent.queue.seconds', (this.#started - this.#asked) / 1_000)
      }
      span.end()
    }
  }
}

function errorType(error: unknown): string {
  if (error instanceof Problem) return error.code
  return error instanceof Error ? error.name : '_OTHER'
}
