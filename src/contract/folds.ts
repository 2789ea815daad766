/** How a job trains whose number of epochs is chosen by folds: once without each of them, then on all rows. */
import type { TrainingSpec } from './network.js'

/** The training whose weights the model gets: after folds, nothing stops it early. */
export function finalTraining<Spec extends Pick<TrainingSpec, 'earlyStopping'>>(
  spec: Spec,
): Omit<Spec, 'earlyStopping'> & Pick<TrainingSpec, 'earlyStopping'> {
  const { earlyStopping, ...rest } = spec
  return earlyStopping === undefined || earlyStopping.folds !== undefined ? rest : { ...rest, earlyStopping }
}

/** How often the job trains, the final training included. */
export function trainingsOf({ earlyStopping }: Pick<TrainingSpec, 'earlyStopping'>): number {
  return 1 + (earlyStopping?.folds ?? 0)
}
