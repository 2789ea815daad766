/** The demonstrations of the lecture, for the command line, the page and docs/teaching.md. */
import { approximation } from './approximation.js'
import { booleanFunction } from './boolean-function.js'
import { depth } from './depth.js'
import { descent } from './descent.js'
import { digits } from './digits.js'
import { momentum } from './momentum.js'
import { perceptron } from './perceptron.js'
import { sharedWeights } from './shared-weights.js'
import { shift } from './shift.js'
import { xor } from './xor.js'

/** By id, in the order of the lecture. */
export const catalogue = {
  perceptron,
  xor,
  'boolean-function': booleanFunction,
  approximation,
  depth,
  descent,
  momentum,
  shift,
  'shared-weights': sharedWeights,
  digits,
}
export type DemonstrationId = keyof typeof catalogue
