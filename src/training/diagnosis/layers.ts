/** Findings about layers, from the statistics of a job with `watch`. */
import type { EpochStatistics, LayerStatistics } from '../../contract/statistics.js'
import { level, median } from './curve.js'
import { moreSlope } from './patches.js'
import { isAboveUsual, lowerRate } from './rates.js'
import type { Observed, Rule, TrainingRecord } from './training-record.js'
import { hasWrongScale, percent, short } from './training-record.js'

/** In healthy networks fewer relu units are dead, and a unit that is dead for the examined rows stays so. */
const manyDead = 0.5
/** Networks that have learned use sigmoid and tanh as switches, so saturation counts only where the loss is high. */
const mostlySaturated = 0.9
/** A loss above this share of the reference is high. */
const highLoss = 0.5
/** In healthy networks, the relative gradient of the first layer is a fiftieth to 14 times that of the last. */
const vanishing = 0.005
const exploding = 100
/** Of the norm of all gradients over its first value. */
const explodingGrowth = 100
/** Only several layers multiply their slopes. */
const fewestLayers = 3

type Share = 'deadUnits' | 'saturated'

/** The layer with the largest share at the end, and the epoch since when it is above the limit. */
function findShare(
  { statistics, spec }: TrainingRecord,
  name: Share,
  limit: number,
): { layer: number; share: number; sinceEpoch: number; isFromStart: boolean } | null {
  const [last, before] = [statistics.at(-1), statistics.at(-2)]
  if (last === undefined || before === undefined) return null
  const hidden = last.layers.filter(({ layer }) => layer < spec.network.layers.length - 1)
  const worst = hidden.toSorted((one, other) => (other[name] ?? 0) - (one[name] ?? 0))[0]
  if (worst === undefined) return null
  const shares = statistics.map(({ epoch, layers }) => ({
    epoch,
    share: layerShare(layers, worst.layer, name),
  }))
  const since = shares.findLastIndex(({ share }) => share < limit) + 1
  if (shares.length - since < 2) return null
  const { epoch } = shares[since]
  return { layer: worst.layer, share: worst[name] ?? 0, sinceEpoch: epoch, isFromStart: since === 0 }
}

const layerShare = (layers: readonly LayerStatistics[], index: number, name: Share) =>
  layers.find(({ layer }) => layer === index)?.[name] ?? 0

export const deadUnits: Rule = (record, earlier) => {
  const found = findShare(record, 'deadUnits', manyDead)
  if (found === null || hasWrongScale(earlier)) return null
  const { layer, share, sinceEpoch } = found
  return {
    code: 'dead-units',
    severity: share === 1 ? 'error' : isLossHigh(record) ? 'warning' : 'note',
    seen: {
      sentence: `${percent(share)} of the relu units in layer ${layer} are 0 for all examined rows.`,
      figures: { share, layer },
    },
    sinceEpoch,
    ...remedy(record, found),
  }
}

export const saturatedUnits: Rule = (record, earlier) => {
  const found = findShare(record, 'saturated', mostlySaturated)
  if (found === null || hasWrongScale(earlier) || !isLossHigh(record)) return null
  const { layer, share, sinceEpoch } = found
  return {
    code: 'saturated-units',
    severity: 'warning',
    seen: {
      sentence: `${percent(share)} of the values of layer ${layer} are near the limits of its activation.`,
      figures: { share, layer },
    },
    sinceEpoch,
    ...remedy(record, found),
  }
}

/** Long steps push units out of the range of the rows. From the first epoch on, the initial weights may do so. */
function remedy(
  { spec }: TrainingRecord,
  { isFromStart }: { isFromStart: boolean },
): Pick<Observed, 'patch' | 'advice'> {
  if (isFromStart && !isAboveUsual(spec.optimizer)) return moreSlope(spec, 'leakyRelu')
  const learningRate = lowerRate(spec.optimizer)
  return {
    patch: { optimizer: { learningRate } },
    advice: `Lower the learning rate to ${learningRate}: a step that is too long puts units where they have no slope.`,
  }
}

export const vanishingGradient: Rule = (record, earlier) => {
  const { statistics, spec } = record
  const flows = statistics.flatMap(backwardFlow)
  if (flows.length < 2 || hasWrongScale(earlier) || !isLossHigh(record)) return null
  if (earlier.has('dead-units') || earlier.has('saturated-units')) return null
  const ratio = median(flows.map((flow) => flow.ratio))
  if (!(ratio < vanishing)) return null
  return {
    code: 'vanishing-gradient',
    severity: 'warning',
    seen: {
      sentence: `Relative to its weights, the gradient of the first layer is ${short(ratio)} of that of the last layer.`,
      figures: { ratio },
    },
    sinceEpoch: flows.find((flow) => flow.ratio < vanishing)?.epoch ?? null,
    ...moreSlope(spec, 'relu'),
  }
}

export const explodingGradient: Rule = (record, earlier) => {
  const { statistics, spec } = record
  if (spec.clipNorm !== undefined || hasWrongScale(earlier)) return null
  const found = explodesBackward(statistics) ?? explodesInTime(statistics)
  if (found === null) return null
  return {
    code: 'exploding-gradient',
    severity: 'warning',
    ...found,
    patch: { clipNorm: 1, optimizer: { learningRate: lowerRate(spec.optimizer) } },
    advice: `Limit the norm of the gradient to 1, and lower the learning rate to ${lowerRate(spec.optimizer)}.`,
  }
}

function explodesBackward(
  statistics: readonly EpochStatistics[],
): Pick<Observed, 'seen' | 'sinceEpoch'> | null {
  const flows = statistics.flatMap(backwardFlow)
  const ratio = median(flows.map((flow) => flow.ratio))
  if (!(ratio > exploding)) return null
  return {
    seen: {
      sentence: `Relative to its weights, the gradient of the first layer is ${short(ratio)} times that of the last layer.`,
      figures: { ratio },
    },
    sinceEpoch: flows.find((flow) => flow.ratio > exploding)?.epoch ?? null,
  }
}

function explodesInTime(
  statistics: readonly EpochStatistics[],
): Pick<Observed, 'seen' | 'sinceEpoch'> | null {
  const norms = statistics.flatMap(({ epoch, layers }) => {
    const squares = layers.flatMap(({ gradientNorm }) => (gradientNorm === null ? [] : [gradientNorm ** 2]))
    return squares.length < 2
      ? []
      : [{ epoch, norm: Math.sqrt(squares.reduce((sum, each) => sum + each, 0)) }]
  })
  const [first, last] = [norms[0], norms.at(-1)]
  if (first === undefined || last === undefined) return null
  const limit = explodingGrowth * Math.max(1, first.norm)
  if (last.norm < limit) return null
  return {
    seen: {
      sentence: `The norm of the gradient has grown from ${short(first.norm)} in epoch ${first.epoch} to ${short(last.norm)}.`,
      figures: { first: first.norm, last: last.norm },
    },
    sinceEpoch: norms.find(({ norm }) => norm >= limit)?.epoch ?? null,
  }
}

/** The gradient of the first layer with weights over that of the last, each relative to the norm of its weights. */
function backwardFlow({ epoch, layers }: EpochStatistics): { epoch: number; ratio: number }[] {
  const relative = layers.flatMap(({ weightNorm, gradientNorm }) =>
    weightNorm === null || gradientNorm === null || weightNorm === 0 ? [] : [gradientNorm / weightNorm],
  )
  const [first, last] = [relative[0], relative.at(-1)]
  if (relative.length < fewestLayers || first === undefined || last === undefined || last === 0) return []
  return [{ epoch, ratio: first / last }]
}

function isLossHigh({ points, reference }: TrainingRecord): boolean {
  return points.length > 0 && level(points, 0.9, 1) > highLoss * reference
}
