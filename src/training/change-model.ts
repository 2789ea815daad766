/** Changes to a trained model. */
import { hasThreshold, type Model, type ModelChange } from '../contract/model.js'
import { Problem, unknownModel } from '../contract/problems.js'
import type { ModelStore } from './ports/models.js'

/**
 * @throws Problem `not-found`, `invalid-input` for a threshold of a model without two classes, or `invalid-request` for too
 *   many pairs of metadata
 */
export async function changeModel(
  models: Pick<ModelStore, 'get' | 'change'>,
  reference: string,
  change: ModelChange,
): Promise<Model> {
  const model = await models.get(reference)
  if (model === null) throw unknownModel(reference)
  if (change.threshold !== undefined && !hasThreshold(model)) {
    const message =
      'a threshold is a probability of the second of two classes, which this model does not predict: train on a target with ' +
      'two classes, and end the network with sigmoid or softmax'
    throw new Problem('invalid-input', `/threshold: ${message}`, [{ pointer: '/threshold', message }])
  }
  const changed = await models.change(model.id, change)
  if (changed === null) throw unknownModel(reference)
  return changed
}
