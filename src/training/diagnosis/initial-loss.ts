/** A finding about the first epoch of a classification. */
import { outputUnits } from './baseline.js'
import type { Observed, Rule, TrainingRecord } from './training-record.js'
import { short } from './training-record.js'

/** Karpathy 2019, "A Recipe for Training Neural Networks": verify that the loss starts at −ln(1 / classes). */
const farAbove = 2

/** The mean over the first epoch is stored, not the loss before the first step. So only a high loss is a finding. */
export const initialLoss: Rule = (record, earlier) => {
  const { epochs, spec } = record
  const [first] = epochs
  const expected = equallyLikely(record)
  if (first?.epoch !== 1 || first.loss === null || expected === null || earlier.size > 0) return null
  if (spec.from !== undefined || first.loss < farAbove * expected) return null
  return {
    code: 'initial-loss',
    severity: 'warning',
    seen: {
      sentence: `The mean loss of the first epoch is ${short(first.loss)}, and equally likely classes have ${short(expected)}.`,
      figures: { loss: first.loss, expectedLoss: expected },
    },
    sinceEpoch: 1,
    ...remedy(record),
  }
}

/** The cross-entropy of a prediction in which all classes have the same probability; null for other losses. */
function equallyLikely({ spec }: TrainingRecord): number | null {
  const { loss, network, classWeight, sampleWeight } = spec
  if (sampleWeight !== undefined || typeof classWeight === 'object') return null
  if (loss === 'binaryCrossentropy') return Math.LN2
  const classes = outputUnits(network)
  return loss === 'categoricalCrossentropy' && classes !== null ? Math.log(classes) : null
}

/** Larger than a standardized number ever is in a thousand rows. */
const largeInput = 3

function remedy({ spec, data }: TrainingRecord): Pick<Observed, 'patch' | 'advice'> {
  const isLarge = data?.columns.some(
    ({ role, min = 0, max = 0 }) => role === 'feature' && Math.max(-min, max) > largeInput,
  )
  if (spec.scaling === 'none' && isLarge === true) {
    return {
      patch: { scaling: 'standardize' },
      advice: 'Scale the inputs, so that the first outputs are near 0.',
    }
  }
  return {
    patch: { optimizer: { learningRate: Number((spec.optimizer.learningRate / 3).toPrecision(2)) } },
    advice: 'Lower the learning rate, so that the first steps are shorter.',
  }
}
