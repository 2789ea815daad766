import type { z } from 'zod'
import type { Model, Prediction, predictionsSchema } from '../contract/model.js'
import { Problem } from '../contract/problems.js'
import { decode, encodeInputs, InputError, type InputRow } from '../datasets/prediction.js'
import type { ModelStore, PredictorPool } from './ports.js'

export interface PredictDependencies {
  models: Pick<ModelStore, 'get'>
  predictors: Pick<PredictorPool, 'predict'>
}

/** What the model says about raw rows. `pointer` is where the rows stand in the request. */
export async function predict(
  { models, predictors }: PredictDependencies,
  modelId: string,
  rows: InputRow[] | ((model: Model) => InputRow[]),
  pointer: string,
): Promise<z.infer<typeof predictionsSchema>> {
  const model = await models.get(modelId)
  if (model === null) throw new Problem('not-found', `There is no model ${modelId}.`)
  const inputRows = typeof rows === 'function' ? rows(model) : rows
  try {
    const inputs = encodeInputs(model.coding, inputRows)
    const outputs = await predictors.predict(model, inputs)
    return { modelId, predictions: read(model, outputs, inputRows.length) }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const place = pointer + error.pointer
    throw new Problem('invalid-input', `${place}: ${error.message}`, [
      { pointer: place, message: error.message },
    ])
  }
}

function read(model: Model, outputs: Float32Array, rows: number): Prediction[] {
  const width = outputs.length / rows
  const last = model.layers.at(-1)
  const reading = { lastActivation: last?.activation ?? 'linear', loss: model.loss }
  return Array.from({ length: rows }, (_, row) =>
    decode(model.coding, outputs.subarray(row * width, (row + 1) * width), reading),
  )
}
