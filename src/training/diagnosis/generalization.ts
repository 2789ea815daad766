/** Findings that compare training rows with validation rows. */
import type { JobSpec } from '../../contract/job-spec.js'
import { indexOfLowest, median, part, smoothed, toLosses } from './curve.js'
import type { Rule, TrainingRecord } from './training-record.js'
import { short } from './training-record.js'

const fewestEpochs = 6
/** Fewer validation rows differ from the training rows by chance. */
const fewestRows = 20
/** Fewer training rows can be too few to show a pattern that exists. */
const enoughRows = 50

const validationLosses = ({ validated }: TrainingRecord) => validated.map(({ valLoss }) => valLoss)

/** The training loss has to fall below this share of a constant prediction before the network has memorized rows. */
const memorized = 0.8
/** A validation loss that never falls below this share of a constant prediction has learned nothing general. */
const nothingGeneral = 0.97

export const shuffledLabels: Rule = (record, earlier) => {
  const { validated, baseline, validationRows } = record
  const { training, validation } = baseline
  if (training === null || validation === null || (validationRows ?? 0) < fewestRows) return null
  if ((record.trainingRows ?? 0) < enoughRows) return null
  if (validated.length < fewestEpochs || earlier.size > 0) return null
  const now = median(toLosses(part(validated, 0.8, 1)))
  const lowest = Math.min(...smoothed(validationLosses(record)))
  if (now > memorized * training || lowest < nothingGeneral * validation) return null
  const since = validated.find(({ loss }) => loss <= memorized * training)
  return {
    code: 'shuffled-labels',
    severity: 'warning',
    seen: {
      sentence: `The training loss fell to ${short(now)}, but the validation loss was never below ${short(lowest)}, and a constant prediction has ${short(validation)}.`,
      figures: { loss: now, lowestValidationLoss: lowest, constantLoss: validation },
    },
    sinceEpoch: since?.epoch ?? null,
    patch: null,
    advice:
      'Check whether the labels belong to their rows, for example after sorting or joining files. If they do, the columns do not determine the target.',
  }
}

const otherCauses = [
  'constant-target',
  'unscaled-input',
  'unscaled-target',
  'learning-rate-too-high',
  'divergence-coming',
  'shuffled-labels',
] as const

/** Prechelt 1998 stops when the validation loss is 5 % above its minimum (GL₅). Three times that is no noise. */
const rise = 1.15
/** A rise of less than this share of the reference changes no prediction. */
const leastRise = 0.02
/** The training loss meanwhile falls at least by this share. */
const leastFall = 0.05

export const overfitting: Rule = (record, earlier) => {
  const { validated, reference, spec } = record
  if (validated.length < fewestEpochs || otherCauses.some((code) => earlier.has(code))) return null
  const losses = smoothed(validationLosses(record))
  const trainingLosses = smoothed(toLosses(validated))
  const at = indexOfLowest(losses)
  const [lowest = 0, now = 0] = [losses[at], losses.at(-1)]
  const [then = 0, last = 0] = [trainingLosses[at], trainingLosses.at(-1)]
  const rises = now >= rise * lowest && now - lowest >= leastRise * reference
  if (!rises || last > (1 - leastFall) * then || validated.length - at < fewestEpochs) return null
  const best = validated[indexOfLowest(validationLosses(record))]
  const end = validated.at(-1)
  if (best === undefined || end === undefined) return null
  return {
    code: 'overfitting',
    severity: keepsBest(spec) ? 'note' : 'warning',
    seen: {
      sentence: `The validation loss was lowest in epoch ${best.epoch} with ${short(best.valLoss)} and rose to ${short(end.valLoss)}, while the training loss went from ${short(best.loss)} to ${short(end.loss)}.`,
      figures: {
        lowestEpoch: best.epoch,
        lowestValidationLoss: best.valLoss,
        validationLoss: end.valLoss,
        loss: end.loss,
      },
    },
    sinceEpoch: Math.min(best.epoch + 1, end.epoch),
    ...lessOverfitting(spec),
  }
}

/** Early stopping will restore the weights of the lowest validation loss, or has done so. */
const keepsBest = ({ earlyStopping }: JobSpec) =>
  earlyStopping?.restoreBest === true && earlyStopping.monitor.startsWith('val')

const shortestPatience = 5
const longestPatience = 50
const someDecay = 0.01

function lessOverfitting({ earlyStopping, epochs, optimizer }: JobSpec) {
  if (earlyStopping === undefined) {
    const patience = Math.min(longestPatience, Math.max(shortestPatience, Math.round(epochs / 10)))
    return {
      patch: { earlyStopping: { monitor: 'valLoss', patience, restoreBest: true } },
      advice: `Stop when the validation loss has not improved for ${patience} epochs, and keep the best weights.`,
    }
  }
  const weightDecay = Number(Math.max(someDecay, 3 * optimizer.weightDecay).toPrecision(2))
  return {
    patch: { optimizer: { weightDecay } },
    advice: `Early stopping keeps the best weights. A weight decay of ${weightDecay} may improve them; more rows help most.`,
  }
}

/** The validation loss is this much lower than that of the training rows. */
const easier = 0.7
/** In this share of the epochs. */
const mostly = 0.9
/** Below this share of the reference, a few rows decide about the loss. */
const smallLoss = 0.15

/** Rows of a random split differ from the training rows by chance alone. */
export const validationEasier: Rule = (record, earlier) => {
  const { validated, validationRows, reference, spec } = record
  const isOtherSource = spec.validationDataset !== undefined || spec.split === 'chronological'
  const hasDropout = spec.network.layers.some(({ type }) => type === 'dropout')
  if (!isOtherSource || hasDropout || (validationRows ?? 0) < fewestRows || spec.sampleWeight !== undefined)
    return null
  if (validated.length < fewestEpochs || earlier.has('learning-rate-too-high')) return null
  const late = validated.slice(-Math.max(fewestEpochs, Math.round(validated.length / 3)))
  // The training loss of the next epoch is measured with better weights than this validation loss.
  const pairs = late.slice(1).map(({ loss }, index) => ({ loss, valLoss: late[index]?.valLoss ?? loss }))
  const share = pairs.filter(({ loss, valLoss }) => valLoss < easier * loss).length / pairs.length
  const [training, validation] = [median(toLosses(late)), median(late.map(({ valLoss }) => valLoss))]
  if (share < mostly || training < smallLoss * reference) return null
  return {
    code: 'validation-easier',
    severity: 'warning',
    seen: {
      sentence: `The validation loss of ${short(validation)} is far below the training loss of ${short(training)}.`,
      figures: { validationLoss: validation, loss: training, epochsBelow: share },
    },
    sinceEpoch: late[0]?.epoch ?? null,
    patch: null,
    advice: 'Hold out rows of the same source: use validationSplit with a random or stratified split.',
  }
}

/** Accuracy, or the share of a constant prediction's loss, from which predictions are nearly perfect. */
const perfectAccuracy = 0.99
const perfectLoss = 0.02

/** Reads the warning of the upload: one column alone determines the target in every row. */
export const possibleLeak: Rule = ({ data, epochs, baseline, spec }) => {
  const warning = data?.warnings.find(({ code }) => code === 'possible-leak')
  const leaking = warning?.columns.filter((name) => name !== spec.sampleWeight) ?? []
  const perfect = epochs.find(({ loss, accuracy, valLoss, valAccuracy }) => {
    const reached = valAccuracy ?? accuracy
    const figure = valLoss ?? loss
    const constant = baseline.validation ?? baseline.training
    if (reached !== null) return reached >= perfectAccuracy
    return figure !== null && constant !== null && figure <= perfectLoss * constant
  })
  if (leaking.length === 0 || perfect === undefined) return null
  const names = leaking.join(', ')
  const verb = leaking.length === 1 ? 'determines' : 'each determine'
  const loss = perfect.valLoss ?? perfect.loss ?? 0
  return {
    code: 'possible-leak',
    severity: 'warning',
    seen: {
      sentence: `${names} ${verb} the target in every row, and the predictions are nearly perfect from epoch ${perfect.epoch}.`,
      figures: { epoch: perfect.epoch, loss, columns: leaking.length },
    },
    sinceEpoch: perfect.epoch,
    patch: null,
    advice: `If ${leaking.length === 1 ? 'it is' : 'they are'} unknown when a prediction is needed, upload the file with types=${leaking.map((name) => `${name}:ignored`).join(',')}.`,
  }
}
