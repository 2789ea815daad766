/** A finding about the first epoch of a classification. */
import { outputUnits } from './baseline.js'
import type { Rule, TrainingRecord } from './training-record.js'
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
    severity: 'note',
    seen: {
      sentence: `The mean loss of the first epoch is ${short(first.loss)}, and equally likely classes have ${short(expected)}.`,
      figures: { loss: first.loss, expectedLoss: expected },
    },
    sinceEpoch: 1,
    patch: null,
    advice:
      'Scale the inputs, or use smaller initial weights. If the loss falls quickly afterwards, it is harmless.',
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
