/** The demonstrations of the lecture, for the command line, the page and docs/teaching.md. */
import { approximation } from './approximation.js'
import { backPropagation } from './back-propagation.js'
import { booleanFunction } from './boolean-function.js'
import type { Controls, Demonstration } from './demonstration.js'
import { depth } from './depth.js'
import { descent } from './descent.js'
import { digits } from './digits.js'
import { linearClassifier } from './linear-classifier.js'
import { loss } from './loss.js'
import { matrices } from './matrices.js'
import { momentum } from './momentum.js'
import { perceptron } from './perceptron.js'
import { sampling } from './sampling.js'
import { sharedWeights } from './shared-weights.js'
import { shift } from './shift.js'
import { xor } from './xor.js'

/** By id, in the order of the lecture. */
export const catalogue = {
  perceptron,
  'linear-classifier': linearClassifier,
  xor,
  matrices,
  'boolean-function': booleanFunction,
  approximation,
  depth,
  loss,
  descent,
  'back-propagation': backPropagation,
  sampling,
  momentum,
  shift,
  'shared-weights': sharedWeights,
  digits,
}
export type DemonstrationId = keyof typeof catalogue

export const isDemonstrationId = (id: string): id is DemonstrationId => Object.hasOwn(catalogue, id)

export const demonstrationIds = Object.keys(catalogue).filter(isDemonstrationId)

/** A demonstration whose figures only its own functions read. */
export type AnyDemonstration = Demonstration<unknown, Controls>
