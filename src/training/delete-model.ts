import { Problem, unknownModel } from '../contract/problems.js'
import type { Actor } from './ports/audit.js'
import type { ModelStore } from './ports/models.js'

/** Deletes a model with its weights. The job that trained it remains. @throws Problem `not-found` or `model-in-use` */
export async function deleteModel(
  models: Pick<ModelStore, 'get' | 'delete'>,
  reference: string,
  actor: Actor,
): Promise<void> {
  const model = await models.get(reference)
  const outcome = model === null ? 'missing' : await models.delete(model.id, actor)
  if (outcome === 'deleted') return
  if (outcome === 'missing') throw unknownModel(reference)
  switch (outcome.type) {
    case 'job': {
      const message = `An unfinished job starts from model ${reference}: cancel it, or wait until it ends.`
      throw new Problem('model-in-use', message)
    }
    case 'alias': {
      const message = `The alias ${outcome.alias} points at model ${reference}: move or delete the alias first.`
      throw new Problem('model-in-use', message)
    }
    default:
      outcome satisfies never
  }
}
