/**
 * Cross-validation chooses the number of epochs: one training without each fold, then the final one on all
 * rows.
 */
import type { TrainingSpec } from './network.js'

/** The training that produces the model. After folds it does not stop early. */
export function finalTraining<Spec extends Pick<TrainingSpec, 'earlyStopping'>>(
  spec: Spec,
): Omit<Spec, 'earlyStopping'> & Pick<TrainingSpec, 'earlyStopping'> {
  const { earlyStopping, ...rest } = spec
  return earlyStopping === undefined || earlyStopping.folds !== undefined ? rest : { ...rest, earlyStopping }
}

/** How many trainings the job runs, including the final one. */
export function countTrainings({ earlyStopping }: Pick<TrainingSpec, 'earlyStopping'>): number {
  return 1 + (earlyStopping?.folds ?? 0)
}
