/** Labels for the metrics of a job: the rows they were measured on, and the scale of the loss. */
import type { Job, Model } from './api/types.js'
import { percent, short, whole } from './format.js'

type Metrics = Job['metrics']
type Scaling = Job['spec']['targetScaling']

/** Loss and accuracy on the validation rows, or on the training rows if there are no validation rows. */
export interface Headline {
  rows: 'training' | 'validation'
  loss: string
  /** Null for regression. */
  accuracy: string | null
}

export function headline({ loss, accuracy, valLoss, valAccuracy }: Metrics): Headline {
  const hasValidation = valLoss !== null || valAccuracy !== null
  const value = hasValidation ? valAccuracy : accuracy
  return {
    rows: hasValidation ? 'validation' : 'training',
    loss: short(hasValidation ? valLoss : loss),
    accuracy: value === null ? null : percent(value),
  }
}

/** The scale of the targets and losses in training. Null if the targets are not scaled. */
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

/** `loss (standardized target)`, or `loss` if the target is not scaled. */
export function lossName(scaling: Scaling | undefined): string {
  const scale = scaleName(scaling)
  return scale === null ? 'loss' : `loss (${scale})`
}

/** `best epoch 41 of 61`. Null unless the model has the weights of an earlier epoch than the last. */
export function bestEpochName({ bestEpoch, epoch }: Pick<Job, 'bestEpoch' | 'epoch'>): string | null {
  return bestEpoch === null ? null : `best epoch ${whole(bestEpoch)} of ${whole(epoch)}`
}

/** The measured metrics, each labelled with its rows. */
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
