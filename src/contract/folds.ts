/**
 * Folds of rows: those that choose the number of epochs (one training without each fold, then the final one on all rows),
 * and the fold that a job validates on.
 */
import { z } from 'zod'
import { maximumFolds, type TrainingSpec } from './network.js'

export const validationFoldSchema = z
  .strictObject({
    folds: z.int().min(2).max(maximumFolds).describe('number of folds'),
    fold: z.int().min(1).max(maximumFolds).describe('number of the fold, from 1'),
    seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).describe('seed of the folds'),
  })
  .refine(({ folds, fold }) => fold <= folds, {
    path: ['fold'],
    message: 'must not be greater than folds',
  })

/** The training that produces the model. After folds it does not stop early. */
export function finalTraining<Spec extends Pick<TrainingSpec, 'earlyStopping'>>(
  spec: Spec,
): Omit<Spec, 'earlyStopping'> & Pick<TrainingSpec, 'earlyStopping'> {
  const { earlyStopping, ...rest } = spec
  return earlyStopping === undefined || earlyStopping.folds !== undefined ? rest : { ...rest, earlyStopping }
}

export const maximumRepeats = 20

/** The fields of a spec that repeat its training. */
interface Repeated {
  repeats?: number | undefined
  folds?: number | undefined
}

export const isRepeated = ({ repeats, folds }: Repeated): boolean =>
  repeats !== undefined || folds !== undefined

/** How many trainings a job has beside its own. With folds, its own is none of them. */
export function countTrials({ repeats = 1, folds }: Repeated): number {
  return folds === undefined ? repeats - 1 : repeats * folds
}

/** How many trainings the job runs, including the final one. */
export function countTrainings({ earlyStopping }: Pick<TrainingSpec, 'earlyStopping'>): number {
  return 1 + (earlyStopping?.folds ?? 0)
}

/** The fields of a spec that hold rows out. */
interface HeldOut {
  validationSplit: number
  validationDataset?: unknown
  validationFold?: unknown
  testSplit?: number | undefined
}

/** Whether the training has validation rows. */
export const hasValidation = ({ validationDataset, validationSplit, validationFold }: HeldOut): boolean =>
  validationDataset !== undefined || validationSplit > 0 || validationFold !== undefined

/** Whether some rows of `dataset` are not training rows. */
export const isDivided = ({ validationSplit, validationFold, testSplit = 0 }: HeldOut): boolean =>
  validationSplit > 0 || validationFold !== undefined || testSplit > 0
