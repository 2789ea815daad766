/**
 * Who computes predictions for an API process: its own event loop where that takes no time, else threads. What takes long
 * beside them (evaluations, paintings, splits) has a thread of its own, so that no prediction waits for it.
 */
import { availableParallelism } from 'node:os'
import { sizeOf } from '../src/engine/index.js'
import type { AllModels, PredictorPool } from '../src/training/ports.js'
import { HeldModels } from './held-models.js'
import type { BackendSetting, FromPredictor, ToPredictor } from './messages.js'
import { PredictionLane } from './prediction-lane.js'
import { ownBuffers, QuestionThread } from './question-thread.js'
import { SmallModels } from './small-models.js'

/** Weights held at most by the threads that predict, and by the one that evaluates. */
const mostHeld = { predictions: 512 * 1024 * 1024, evaluations: 128 * 1024 * 1024 }

/** A call of a thread takes at most so many times what the event loop computes at once, unless a row alone takes longer. */
const callShare = 100

/** Leaves a core to the event loop, and some to trainings. */
const lanes = Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)))

export function openPredictorPool(
  models: Pick<AllModels, 'weights' | 'onGone'>,
  backend: BackendSetting,
): PredictorPool {
  const small = new SmallModels(models, backend)
  const predicting = Array.from({ length: lanes }, () => new PredictionLane())
  const evaluating = new QuestionThread<ToPredictor, FromPredictor>('./predictor.thread.js')
  const heldToPredict = new HeldModels({ models, backend, threads: predicting, most: mostHeld.predictions })
  const heldToEvaluate = new HeldModels({
    models,
    backend,
    threads: [evaluating],
    most: mostHeld.evaluations,
  })
  let closed = false

  models.onGone((id) => {
    for (const each of [small, heldToPredict, heldToEvaluate]) each.gone(id)
  })

  function refuseWhenClosed(): void {
    if (closed) throw new Error('predictions are closed')
  }

  return {
    predict(model, inputs) {
      refuseWhenClosed()
      const features = sizeOf(model.network.inputShape ?? [])
      const atOnce = small.predict(model, inputs, inputs.length / features)
      if (atOnce !== null) return atOnce
      const rowsAtOnce = Math.max(1, Math.floor(callShare / small.share(model, 1)))
      return heldToPredict.use(model, (lane) =>
        lane.predict({ modelId: model.id, inputs, features, rowsAtOnce }),
      )
    },
    async evaluate(model, table) {
      refuseWhenClosed()
      const handedOver = 'chunks' in table ? ownBuffers(table.chunks) : []
      const { id: modelId, network, loss, coding, threshold } = model
      const rows = { table, network, loss, coding, threshold }
      const answer = await heldToEvaluate.use(model, (thread) =>
        thread.ask((question) => ({ type: 'evaluate', question, modelId, rows }), handedOver),
      )
      if (answer.type !== 'evaluated' && answer.type !== 'refused') {
        throw new Error('an evaluation was asked for')
      }
      const { question: _, ...outcome } = answer
      return outcome
    },
    async split({ split, validationSplit, seed, loss }, table) {
      refuseWhenClosed()
      const rule = { split, validationSplit, seed, loss }
      const answer = await evaluating.ask((question) => ({ type: 'split', question, rule, table }))
      if (answer.type !== 'divided') throw new Error('a split was asked for')
      return answer.split
    },
    async paint(painting) {
      refuseWhenClosed()
      const answer = await evaluating.ask((question) => ({ type: 'paint', question, painting, backend }))
      if (answer.type !== 'painted') throw new Error('a painting was asked for')
      return answer.painted
    },
    async close() {
      closed = true
      await Promise.all([...predicting, evaluating].map((thread) => thread.close()))
    },
  }
}
