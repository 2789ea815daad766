/** The initial weights of a training that starts from a model. */
import type { Coding } from '../src/contract/dataset.js'
import { moveWeights } from '../src/datasets/transfer-weights.js'
import { drawWeights, type Program, type Weights } from '../src/engine/index.js'
import { unpackWeights } from '../src/threads/packed-weights.js'
import type { Source } from './initial-state.js'

/**
 * The weights of the model, matched by the names of inputs and outputs. Without the coding of the model, as in jobs of
 * earlier releases, they are matched by position. Undefined without a source model.
 */
export function weightsToBegin(
  { initialWeights, sourceCoding }: Source,
  program: Program,
  coding: Coding,
  seed: number,
): Weights | undefined {
  if (initialWeights === null) return undefined
  const weights = unpackWeights(initialWeights)
  if (sourceCoding === null) return weights
  const codings = { source: sourceCoding, coding }
  return moveWeights(weights, () => drawWeights(program, seed), program.network, codings)
}
