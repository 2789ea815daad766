/** What stands beside a figure of a training: the rows it was measured on, and the scale of the loss. */
import type { Job, Model } from './api/types.js'
import { percent, short, whole } from './format.js'

type Metrics = Job['metrics']
export type Scaling = Job['spec']['targetScaling']

/** Loss and accuracy of the same rows: those held out where there are any. */
export interface Headline {
  rows: 'training' | 'validation'
  loss: string
  /** Null where answers are not right or wrong. */
  accuracy: string | null
}

export function headline({ loss, accuracy, valLoss, valAccuracy }: Metrics): Headline {
  const isHeldOut = valLoss !== null || valAccuracy !== null
  const share = isHeldOut ? valAccuracy : accuracy
  return {
    rows: isHeldOut ? 'validation' : 'training',
    loss: short(isHeldOut ? valLoss : loss),
    accuracy: share === null ? null : percent(share),
  }
}

/** The scale of the targets in training, which is that of the losses; null where it is their own. */
export function scaleName(scaling: Scaling | undefined): string | null {
  switch (scaling) {
    case 'standardize':
      return 'standardized target'
    case 'minMax':
      return 'target scaled to 0–1'
    case 'none':
    case undefined:
      return null
    default:
      return scaling satisfies never
  }
}

export function getTargetScaling({ coding: { target } }: Pick<Model, 'coding'>): Scaling {
  return target.type === 'number' ? (target.scaling?.method ?? 'none') : 'none'
}

/** `loss (standardized target)`, or only `loss`. */
export function lossName(scaling: Scaling | undefined): string {
  const scale = scaleName(scaling)
  return scale === null ? 'loss' : `loss (${scale})`
}

/** `best epoch 41 of 61`; null unless the model holds the weights of an earlier epoch than the last. */
export function bestEpochName({ bestEpoch, epoch }: Pick<Job, 'bestEpoch' | 'epoch'>): string | null {
  return bestEpoch === null ? null : `best epoch ${whole(bestEpoch)} of ${whole(epoch)}`
}

/** Figures by name, each with the rows it was measured on; what was not measured is left out. */
export function metricFigures(metrics: Metrics, scaling: Scaling | undefined): [string, string][] {
  const scale = scaleName(scaling)
  const suffix = scale === null ? '' : `, ${scale}`
  const figures: [string, number | null, (value: number) => string][] = [
    [`Loss (validation${suffix})`, metrics.valLoss, short],
    ['Accuracy (validation)', metrics.valAccuracy, percent],
    [`Loss (training${suffix})`, metrics.loss, short],
    ['Accuracy (training)', metrics.accuracy, percent],
  ]
  return figures.flatMap(([name, value, format]): [string, string][] =>
    value === null ? [] : [[name, format(value)]],
  )
}
