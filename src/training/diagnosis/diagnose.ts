/** Applies the rules to a training. They read what is stored, so the same history gives the same findings. */
import { type Finding, type FindingCode, findings, severityMeanings } from '../../contract/diagnosis.js'
import { forkRequestSchema } from '../../contract/fork.js'
import { constantTarget, imbalanceIgnored, unscaledInput, unscaledTarget } from './data.js'
import { divergenceComing } from './divergence.js'
import { overfitting, possibleLeak, shuffledLabels, validationEasier } from './generalization.js'
import { initialLoss } from './initial-loss.js'
import { deadUnits, explodingGradient, saturatedUnits, vanishingGradient } from './layers.js'
import { learningRateTooHigh } from './learning-rate.js'
import { batchTooLarge, learningRateTooLow } from './slow.js'
import { plateau, underfitting } from './stagnation.js'
import { type Observed, type Rule, readRecord, type StoredTraining } from './training-record.js'

/** Causes before effects: a finding that explains a curve suppresses later ones. */
const rules: readonly Rule[] = [
  constantTarget,
  unscaledInput,
  unscaledTarget,
  imbalanceIgnored,
  possibleLeak,
  learningRateTooHigh,
  deadUnits,
  saturatedUnits,
  explodingGradient,
  divergenceComing,
  vanishingGradient,
  initialLoss,
  batchTooLarge,
  learningRateTooLow,
  shuffledLabels,
  overfitting,
  validationEasier,
  underfitting,
  plateau,
]

const withoutEffect: readonly FindingCode[] = ['imbalance-ignored', 'possible-leak', 'initial-loss']

/** Whether a slow or rising loss can be an effect of the finding. Notes on one of several targets or layers have none. */
function explainsCurve({ code, severity }: Pick<Finding, 'code' | 'severity'>): boolean {
  const isNote = severity === 'note' && (code === 'constant-target' || code === 'dead-units')
  return !withoutEffect.includes(code) && !isNote
}

const severities = Object.keys(severityMeanings)

/**
 * What a fork can change without harm. Early stopping must also see the epochs before, and the other fields describe the
 * network or its data.
 */
const forkable = ['optimizer', 'batchSize', 'schedule', 'l1', 'clipNorm']

/** The fork that applies the patch before the finding began. A finding since the first epoch needs all epochs again. */
function forkBefore({ patch, sinceEpoch }: Observed): Finding['fork'] {
  if (patch === null || sinceEpoch === null || sinceEpoch <= 1) return null
  if (!Object.keys(patch).every((field) => forkable.includes(field))) return null
  return forkRequestSchema.parse({ epoch: sinceEpoch - 1, changes: patch })
}

/** The most severe findings first. */
export function diagnose(stored: StoredTraining): Finding[] {
  const record = readRecord(stored)
  const found: Finding[] = []
  const codes = new Set<FindingCode>()
  for (const rule of rules) {
    const observed = rule(record, codes)
    if (observed === null) continue
    if (explainsCurve(observed)) codes.add(observed.code)
    const { title, why } = findings[observed.code]
    found.push({ ...observed, title, why, fork: forkBefore(observed) })
  }
  return found.toSorted((one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity))
}
