/** Names of models in the paths of the Open Inference Protocol. */

/**
 * The model that a path names. A model id has no versions.
 * @param version as in /versions/{version}; undefined if the path has none
 */
export function modelReference(name: string, version?: string): string {
  return version === undefined ? name : `${name}@${version}`
}
