/** What is stored of a training, and what the rules of the diagnosis derive from it. */
import type { Column, DatasetWarning } from '../../contract/dataset.js'
import type { Finding, FindingCode } from '../../contract/diagnosis.js'
import type { Epoch } from '../../contract/epoch.js'
import type { Evaluation } from '../../contract/evaluation.js'
import type { JobSpec } from '../../contract/job-spec.js'
import type { EpochStatistics } from '../../contract/statistics.js'
import { partSizes } from '../../datasets/split-rows.js'
import { type Baseline, constantLoss } from './baseline.js'
import { finitePoints, type Point, type ValidatedPoint, validatedPoints } from './curve.js'

export interface StoredTraining {
  spec: JobSpec
  /** In order. Of a long history an evenly spaced sample, with the first and the last epoch. */
  epochs: readonly Epoch[]
  /** In order of epochs; empty without "watch". */
  statistics: readonly EpochStatistics[]
  /** The number of epochs if nothing stops the training. */
  plannedEpochs: number
  hasEnded: boolean
  hasDiverged: boolean
  /** The dataset; null if it was deleted. */
  data: DataFacts | null
  /** The validation dataset; null if the spec has none, or it was deleted. */
  validation: DataFacts | null
  /** Null before the end. */
  evaluation: Evaluation | null
}

export interface DataFacts {
  columns: readonly Column[]
  rows: number
  warnings: readonly DatasetWarning[]
}

export interface TrainingRecord extends StoredTraining {
  /** The epochs with a finite training loss. */
  points: readonly Point[]
  /** Those that also have a validation loss. */
  validated: readonly ValidatedPoint[]
  lastEpoch: number
  /** Null if the dataset was deleted. */
  trainingRows: number | null
  validationRows: number | null
  /** The loss of the best constant prediction. */
  baseline: Baseline
  /** The loss that counts as having learned nothing: the baseline, or the first loss where it is unknown. */
  reference: number
}

export type Observed = Omit<Finding, 'title' | 'why' | 'fork'>

/** Returns a finding or null. An earlier finding may already explain the same curve. */
export type Rule = (record: TrainingRecord, earlier: ReadonlySet<FindingCode>) => Observed | null

export function readRecord(stored: StoredTraining): TrainingRecord {
  const { spec, epochs, data, validation } = stored
  const sizes = data === null ? null : partSizes(spec, data.rows)
  const baseline = constantLoss(stored)
  const points = finitePoints(epochs)
  const lastEpoch = epochs.at(-1)?.epoch ?? 0
  return {
    ...stored,
    points,
    validated: validatedPoints(epochs),
    lastEpoch,
    trainingRows: sizes?.training ?? null,
    validationRows:
      spec.validationDataset === undefined ? (sizes?.validation ?? null) : (validation?.rows ?? null),
    baseline,
    reference: baseline.training ?? points[0]?.loss ?? Number.NaN,
  }
}

/** Three significant digits, as a reader wants them in a sentence. */
export const short = (value: number) => String(Number(value.toPrecision(3)))

export const percent = (share: number) => `${Number((100 * share).toFixed(1))} %`

/** Numbers of the wrong scale make every learning rate wrong, and a constant target makes every curve meaningless. */
export const hasWrongScale = (earlier: ReadonlySet<FindingCode>) =>
  earlier.has('unscaled-input') || earlier.has('unscaled-target') || earlier.has('constant-target')

/** Layers without a gradient explain a slow curve, whatever the learning rate. */
export const hasLayerFault = (earlier: ReadonlySet<FindingCode>) =>
  earlier.has('dead-units') || earlier.has('saturated-units') || earlier.has('vanishing-gradient')
