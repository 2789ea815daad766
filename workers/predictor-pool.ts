/** The prediction thread of an API process, and which models it holds. */
import { Worker } from 'node:worker_threads'
import type { Model } from '../src/contract/model.js'
import { Problem } from '../src/contract/problems.js'
import type { AllModels, PredictorPool } from '../src/training/ports.js'
import type { BackendSetting, FromPredictor, ToPredictor } from './messages.js'

/** Weights held at most; the models asked for longest ago go first. */
const maximumHeldBytes = 512 * 1024 * 1024

interface Question {
  answer(message: FromPredictor): void
  reject(error: Error): void
}

/** One thread: predictions are short, and a second thread would take a core from the trainings. */
export function openPredictorPool(
  models: Pick<AllModels, 'weights'>,
  backend: BackendSetting,
): PredictorPool {
  let thread: Worker | undefined
  let closed = false
  let nextQuestion = 0
  const questions = new Map<number, Question>()
  /** Bytes of each held model, the one asked for longest ago first; a promise while it is loaded. */
  let held = new Map<string, { bytes: number; loaded: Promise<void> }>()

  function threadOf(): Worker {
    if (thread !== undefined) return thread
    const started = new Worker(new URL('./predictor.thread.js', import.meta.url))
    started.on('message', (message: FromPredictor) => {
      const question = questions.get(message.question)
      questions.delete(message.question)
      if (message.type === 'failed') question?.reject(new Error(message.message))
      else question?.answer(message)
    })
    started.on('error', (error) => forget(error))
    started.on('exit', () => forget(new Error('the prediction thread ended')))
    thread = started

    function forget(error: Error): void {
      if (thread !== started) return
      thread = undefined
      held = new Map()
      for (const question of questions.values()) question.reject(error)
      questions.clear()
    }
    return started
  }

  function post(message: ToPredictor, transfer: ArrayBuffer[] = []): void {
    threadOf().postMessage(message, transfer)
  }

  function ask(order: (question: number) => ToPredictor): Promise<FromPredictor> {
    return new Promise((resolve, reject) => {
      const question = nextQuestion++
      questions.set(question, { answer: resolve, reject })
      post(order(question))
    })
  }

  async function hold(model: Model): Promise<void> {
    const known = held.get(model.id)
    if (known !== undefined) {
      held.delete(model.id)
      held.set(model.id, known)
      return known.loaded
    }
    threadOf()
    const loaded = load(model)
    held.set(model.id, { bytes: model.weightBytes, loaded })
    loaded.catch(() => held.delete(model.id))
    makeRoom(model.id)
    return loaded
  }

  async function load(model: Model): Promise<void> {
    const weights = await models.weights(model.id)
    if (weights === null) throw new Problem('not-found', `There is no model ${model.id}.`)
    post({ type: 'load', modelId: model.id, network: model.network, weights, backend })
  }

  function makeRoom(newest: string): void {
    let bytes = [...held.values()].reduce((sum, each) => sum + each.bytes, 0)
    for (const [modelId, each] of held) {
      if (bytes <= maximumHeldBytes || modelId === newest) return
      held.delete(modelId)
      bytes -= each.bytes
      post({ type: 'unload', modelId })
    }
  }

  return {
    async predict(model, inputs) {
      if (closed) throw new Error('predictions are closed')
      await hold(model)
      const answer = await ask((question) => ({ type: 'predict', question, modelId: model.id, inputs }))
      if (answer.type !== 'predicted') throw new Error('a prediction was asked for')
      return answer.outputs
    },
    async evaluate(model, table) {
      if (closed) throw new Error('predictions are closed')
      await hold(model)
      const { id: modelId, network, loss, coding, threshold } = model
      const rows = { table, network, loss, coding, threshold }
      const answer = await ask((question) => ({ type: 'evaluate', question, modelId, rows }))
      if (answer.type !== 'evaluated' && answer.type !== 'refused') {
        throw new Error('an evaluation was asked for')
      }
      const { question: _, ...outcome } = answer
      return outcome
    },
    async split({ split, validationSplit, seed, loss }, table) {
      if (closed) throw new Error('predictions are closed')
      const rule = { split, validationSplit, seed, loss }
      const answer = await ask((question) => ({ type: 'split', question, rule, table }))
      if (answer.type !== 'divided') throw new Error('a split was asked for')
      return answer.split
    },
    async paint(painting) {
      if (closed) throw new Error('predictions are closed')
      const answer = await ask((question) => ({ type: 'paint', question, painting, backend }))
      if (answer.type !== 'painted') throw new Error('a painting was asked for')
      return answer.painted
    },
    async close() {
      closed = true
      await thread?.terminate()
    },
  }
}
