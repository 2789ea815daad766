/**
 * Computes predictions for an API process: small networks on the event loop, others in threads. Evaluations,
 * boundaries and splits have a separate thread, so that no prediction waits for them.
 */
import { lowPriority, middlePriority } from '../base/low-priority.js'
import { TenantTurns } from '../base/tenant-turns.js'
import type { Model } from '../contract/model.js'
import { stopping } from '../contract/problems.js'
import { elementCount } from '../engine/index.js'
import type { AllModels } from '../training/ports/models.js'
import type {
  ModelBoundaryRequest,
  PoolObserver,
  PredictorPool,
  TableRows,
} from '../training/ports/predictor-pool.js'
import { ownBuffers, requireAnswer } from './callable-thread.js'
import { EvaluatingThread } from './evaluating-thread.js'
import { LoadedModels } from './loaded-models.js'
import type { BackendSetting, FromPredictor, ToPredictor } from './messages.js'
import { PredictionCosts } from './prediction-costs.js'
import { PredictorThread } from './predictor-thread.js'
import { SmallModels } from './small-models.js'
import type { TableOrder } from './table-rows.js'

/** Maximum bytes of weights in the threads that predict, and in the one that evaluates. */
const mostHeld = { predictions: 512 * 1024 * 1024, evaluations: 128 * 1024 * 1024 }

export interface PredictorPoolOptions {
  backend: BackendSetting
  /** Number of threads that predict. */
  threads: number
}

const createThreads = (count: number, priority: number) =>
  Array.from({ length: count }, () => new PredictorThread(priority))

export function openPredictorPool(
  models: Pick<AllModels, 'weights' | 'openWeights' | 'onGone'>,
  { backend, threads }: PredictorPoolOptions,
): PredictorPool {
  const costs = new PredictionCosts(backend)
  const small = new SmallModels(models, costs, backend)
  // A row of some models takes seconds. If there are several threads, other models do not wait for it.
  const quick = createThreads(Math.ceil(threads / 2), middlePriority)
  const slow = createThreads(Math.floor(threads / 2), lowPriority)
  const predicting = [...quick, ...slow]
  const lanes = { quick, slow: threads === 1 ? quick : slow }
  const evaluating = new EvaluatingThread()
  const shared = { models, costs, backend }
  const heldToPredict = new LoadedModels({ ...shared, threads: predicting, most: mostHeld.predictions })
  const heldToEvaluate = new LoadedModels({ ...shared, threads: [evaluating], most: mostHeld.evaluations })
  const frameTurns = new TenantTurns({
    what: 'boundaries',
    atOnce: 2,
    perTenant: 1,
    seconds: 30,
    mostWaiting: Number.POSITIVE_INFINITY,
  })
  let closed = false

  models.onGone((id) => {
    for (const each of [small, heldToPredict, heldToEvaluate]) each.gone(id)
  })

  function refuseWhenClosed(): void {
    if (closed) throw stopping()
  }

  /** The order to apply a model to rows, whose memory the thread takes. */
  function prepareRows({ id: modelId, network, loss, coding, threshold }: Model, { table, only }: TableRows) {
    refuseWhenClosed()
    const transfer = 'chunks' in table ? ownBuffers(table.chunks) : []
    return { modelId, rows: { table, only, network, loss, coding, threshold }, transfer }
  }

  /** Applies a model to rows until the signal aborts. */
  function applyUntil(
    signal: AbortSignal,
    caller: { tenantId: string; observer: PoolObserver | undefined },
    model: Model,
    tableRows: TableRows,
    message: (call: { callId: number; modelId: string; order: { rows: TableOrder } }) => ToPredictor,
  ): Promise<FromPredictor> {
    const { modelId, rows, transfer } = prepareRows(model, tableRows)
    return heldToEvaluate.use(model, { ...caller, among: [evaluating] }, (thread) =>
      thread.callUntil(signal, (callId) => message({ callId, modelId, order: { rows } }), transfer),
    )
  }

  function drawModelBoundary(
    { model, axes, size }: Omit<ModelBoundaryRequest, 'tenantId'>,
    observer: PoolObserver | undefined,
  ) {
    const { id: modelId, coding, network } = model
    const order = { type: 'drawModelBoundary' as const, modelId, view: { network, coding, axes, size } }
    // All frames have one turn, because streams can omit them.
    const use = { tenantId: 'frames', among: [evaluating], observer }
    return heldToEvaluate.use(model, use, (thread) => thread.call((callId) => ({ ...order, callId })))
  }

  return {
    predict(tenantId, model, inputs, observer) {
      refuseWhenClosed()
      const features = elementCount(model.network.inputShape ?? [])
      const atOnce = small.predict(model, inputs, inputs.length / features)
      if (atOnce instanceof Promise) observer?.onLoad()
      if (atOnce !== null) return atOnce
      const isSlow = costs.isSlow(model)
      const call = { tenantId, modelId: model.id, rowsAtOnce: costs.rowsAtOnce(model), isSlow, observer }
      const use = { tenantId, among: isSlow ? lanes.slow : lanes.quick, observer }
      return heldToPredict.use(model, use, (lane) => lane.predict({ ...call, inputs, features }))
    },
    async evaluate(tenantId, model, tableRows, signal, observer) {
      const answer = await applyUntil(signal, { tenantId, observer }, model, tableRows, (call) => ({
        type: 'evaluate',
        ...call,
      }))
      const { callId: _, ...outcome } = requireAnswer(answer, 'evaluated', 'refused')
      return outcome
    },
    async rank(tenantId, model, tableRows, request, signal, observer) {
      const answer = await applyUntil(signal, { tenantId, observer }, model, tableRows, (call) => ({
        type: 'rank',
        ...{ ...call, order: { ...call.order, ...request } },
      }))
      return requireAnswer(answer, 'ranked', 'refused')
    },
    async answerRows(tenantId, model, tableRows, signal, observer) {
      const answer = await applyUntil(signal, { tenantId, observer }, model, tableRows, (call) => ({
        type: 'answer',
        ...call,
      }))
      return requireAnswer(answer, 'answered', 'refused')
    },
    async compareRows(tenantId, model, tableRows, request, signal, observer) {
      const answer = await applyUntil(signal, { tenantId, observer }, model, tableRows, (call) => ({
        type: 'compare',
        ...{ ...call, order: { ...call.order, ...request } },
      }))
      return requireAnswer(answer, 'compared', 'refused')
    },
    async measureImportance(tenantId, model, tableRows, request, signal, observer) {
      const answer = await applyUntil(signal, { tenantId, observer }, model, tableRows, (call) => ({
        type: 'importance',
        ...{ ...call, order: { ...call.order, ...request } },
      }))
      return requireAnswer(answer, 'importance', 'refused')
    },
    async measureDependence(tenantId, model, tableRows, request, signal, observer) {
      const answer = await applyUntil(signal, { tenantId, observer }, model, tableRows, (call) => ({
        type: 'dependence',
        ...{ ...call, order: { ...call.order, ...request } },
      }))
      return requireAnswer(answer, 'dependence', 'refused')
    },
    async split({ split, validationSplit, validationFold, testSplit, seed, loss }, table) {
      refuseWhenClosed()
      const rule = { split, validationSplit, validationFold, testSplit, seed, loss }
      const answer = await evaluating.call((callId) => ({ type: 'split', callId, rule, table }))
      return requireAnswer(answer, 'divided').split
    },
    async drawBoundary({ tenantId, ...request }, observer) {
      refuseWhenClosed()
      const draw = () =>
        'model' in request
          ? drawModelBoundary(request, observer)
          : evaluating.call((callId) => ({ type: 'drawBoundary', callId, request, backend }))
      return requireAnswer(await frameTurns.run(tenantId, draw), 'boundary').boundary
    },
    async close() {
      closed = true
      await Promise.all([...predicting, evaluating].map((thread) => thread.close()))
    },
  }
}
