/** Names of models in the paths of the Open Inference Protocol. */

import { currentAlias } from '../contract/registry.js'

/**
 * The model that a path names, as other routes name it. A registered name alone stands for its alias `current`. The id of
 * a model has no versions, so the result names no model.
 * @param version as in /versions/{version}; undefined if the path has none
 */
export function modelReference(name: string, version?: string): string {
  if (version !== undefined) return `${name}@${version}`
  return name.includes('@') || name.startsWith('mdl_') ? name : `${name}@${currentAlias}`
}
