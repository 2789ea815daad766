/** The duration of a run without interruption. */
export interface FinishedRun {
  steps: number
  flops: number
  threads: number
  /** From claim to end. */
  seconds: number
}

export interface FinishedRuns {
  /** The most recent runs of all tenants that took long enough for an estimate. */
  newest(): Promise<FinishedRun[]>
}

/** Estimates of a machine: the time of a step is `secondsPerStep`, plus its operations by `flopsPerSecond`. */
export interface Speed {
  secondsPerStep: number
  /** Floating-point operations per second of one thread. */
  flopsPerSecond: number
  /** Whether the backend divides the work of a training among threads. */
  usesThreads: boolean
}

export interface Calibration {
  /** Measured in a thread at the first call. */
  speed(): Promise<Speed>
  close(): Promise<void>
}
