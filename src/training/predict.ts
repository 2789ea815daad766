import type { z } from 'zod'
import type { Model, Prediction, predictionsSchema } from '../contract/model.js'
import { Problem, pointerTo } from '../contract/problems.js'
import { decode, encodeInputs, InputError, type InputRow } from '../datasets/prediction.js'
import type { ModelStore, PredictorPool } from './ports.js'

export interface PredictDependencies {
  models: Pick<ModelStore, 'get'>
  predictors: Pick<PredictorPool, 'predict'>
}

export interface Question {
  rows: InputRow[]
  /** The JSON Pointer into the request of what a pointer into `rows` names. */
  place(pointer: string): string
}

/** What the model says about raw rows. Throws Problem `not-found`, or `invalid-input` naming the place. */
export async function predict(
  { models, predictors }: PredictDependencies,
  modelId: string,
  ask: (model: Model) => Question,
): Promise<z.infer<typeof predictionsSchema>> {
  const model = await models.get(modelId)
  if (model === null) throw new Problem('not-found', `There is no model ${modelId}.`)
  const { rows, place } = ask(model)
  try {
    const outputs = await predictors.predict(model, encodeInputs(model.coding, rows))
    return { modelId, predictions: read(model, outputs, rows.length), errors: [] }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const pointer = place(error.pointer)
    const detail = pointer === '' ? error.message : `${pointer}: ${error.message}`
    throw new Problem('invalid-input', detail, [{ pointer, message: error.message }])
  }
}

function read(model: Model, outputs: Float32Array, rows: number): Prediction[] {
  const width = outputs.length / rows
  const last = model.layers.at(-1)
  const reading = { lastActivation: last?.activation ?? 'linear', loss: model.loss }
  return Array.from({ length: rows }, (_, row) => {
    try {
      return decode(model.coding, outputs.subarray(row * width, (row + 1) * width), reading)
    } catch (error) {
      throw error instanceof InputError ? new InputError(pointerTo([row]), error.message) : error
    }
  })
}
