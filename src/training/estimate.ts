/**
 * Estimates the duration of a training. The speed measured on this machine is corrected by the durations of past
 * trainings with steps of similar size.
 */
import type { FinishedRun, Speed } from './ports/speed.js'

/** Operations and steps of all epochs. */
export type Work = Omit<FinishedRun, 'seconds'>

/** Seconds to send a job to a thread and to store its model. */
const secondsToStart = 0.03
/** The measured speed counts as a past run of this many seconds. */
const secondsOfMeasurement = 0.5

/** @returns seconds from the claim of the job to its end, if all epochs run */
export function estimateSeconds(work: Work, speed: Speed, past: readonly FinishedRun[]): number {
  return secondsToStart + secondsAt(work, speed) * correction(work, speed, past)
}

function secondsAt({ steps, flops, threads }: Work, speed: Speed): number {
  const rate = speed.flopsPerSecond * (speed.usesThreads ? threads : 1)
  return steps * speed.secondsPerStep + flops / rate
}

/** The key of runs of similar size: steps within a factor of about 4, and the same number of threads. */
function sizeClass({ steps, flops }: Work): number {
  return Math.round(Math.log(Math.max(1, flops / steps)) / Math.log(4))
}

/**
 * The ratio of actual to calculated seconds over past runs of similar size. The measured speed counts as one more run.
 * It therefore outweighs short runs, whose time is mostly start and storage.
 */
function correction(work: Work, speed: Speed, past: readonly FinishedRun[]): number {
  const distances = past.map((run) => distance(work, run))
  const nearest = Math.min(...distances)
  const runs = past.filter((_, index) => distances[index] === nearest)
  const actual = sum(runs.map((run) => Math.max(0, run.seconds - secondsToStart)))
  const calculated = sum(runs.map((run) => secondsAt(run, speed)))
  return (secondsOfMeasurement + actual) / (secondsOfMeasurement + calculated)
}

function distance(one: Work, other: Work): number {
  const ofThreads = Math.abs(Math.log2(one.threads / other.threads))
  return Math.abs(sizeClass(one) - sizeClass(other)) + ofThreads
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
