/** The limits of a slice of a training, and how it ends. */

export interface SliceLimits {
  maximumEpochs?: number
  maximumSteps?: number
  milliseconds?: number
  /** In shared memory; a nonzero word 0 requests a stop. */
  stop?: Int32Array
}

/** The next `run` resumes `running` and `stopped` trainings; the other states are final. */
export type TrainingState = 'running' | 'finished' | 'earlyStopped' | 'diverged' | 'stopped'
