import { Problem } from '../contract/problems.js'
import type { ModelStore } from './ports/models.js'

/**
 * Deletes a model and its weights. The job that trained it stays.
 * @throws Problem `not-found` or `model-in-use`
 */
export async function deleteModel(models: Pick<ModelStore, 'delete'>, id: string): Promise<void> {
  const outcome = await models.delete(id)
  switch (outcome) {
    case 'deleted':
      return
    case 'missing':
      throw new Problem('not-found', `There is no model ${id}.`)
    case 'used':
      throw new Problem(
        'model-in-use',
        `An unfinished job starts from model ${id}: cancel it, or wait until it ends.`,
      )
    default:
      outcome satisfies never
  }
}
