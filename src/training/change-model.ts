/** Changes to a trained model. */
import { hasThreshold, type Model, type ModelChange } from '../contract/model.js'
import { Problem } from '../contract/problems.js'
import type { ModelStore } from './ports/models.js'

/** @throws Problem `not-found`, or `invalid-input` if the model is not a two-class model */
export async function changeModel(
  models: Pick<ModelStore, 'get' | 'setThreshold'>,
  id: string,
  { threshold }: ModelChange,
): Promise<Model> {
  const model = await models.get(id)
  if (model === null) throw missing(id)
  if (!hasThreshold(model)) {
    const message =
      'a threshold is a probability of the second of two classes, which this model does not give: train on a target of ' +
      'two classes with a sigmoid or softmax at the end'
    throw new Problem('invalid-input', `/threshold: ${message}`, [{ pointer: '/threshold', message }])
  }
  const changed = await models.setThreshold(id, threshold)
  if (changed === null) throw missing(id)
  return changed
}

const missing = (id: string) => new Problem('not-found', `There is no model ${id}.`)
