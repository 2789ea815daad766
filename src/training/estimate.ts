/**
 * Estimates the duration of a training: the speed measured on this machine, corrected by the actual durations of past
 * trainings with steps of similar size.
 */
import type { FinishedRun, Speed } from './ports/speed.js'

/** Of all epochs. */
export type Work = Omit<FinishedRun, 'seconds'>

/** Seconds to hand a job to a thread and to store its model. */
const secondsToStart = 0.03
/** The weight of the measured speed against past runs. */
const secondsOfMeasurement = 0.5

/** @returns seconds from a worker's taking the job to its end, with all epochs run. */
export function estimateSeconds(work: Work, speed: Speed, past: readonly FinishedRun[]): number {
  return secondsToStart + secondsAt(work, speed) * correction(work, speed, past)
}

function secondsAt({ steps, flops, threads }: Work, speed: Speed): number {
  const rate = speed.flopsPerSecond * (speed.usesThreads ? threads : 1)
  return steps * speed.secondsPerStep + flops / rate
}

/** Steps whose operations differ by less than a factor of 4 or so are of one size; so are threads that are as many. */
function sizeClass({ steps, flops }: Work): number {
  return Math.round(Math.log(Math.max(1, flops / steps)) / Math.log(4))
}

/**
 * Actual by calculated seconds of the past runs that are nearest in size. The measured speed counts as one more run, so
 * that short ones, in which starting and storing weigh much, say little.
 */
function correction(work: Work, speed: Speed, past: readonly FinishedRun[]): number {
  const distances = past.map((run) => distance(work, run))
  const nearest = Math.min(...distances)
  const runs = past.filter((_, place) => distances[place] === nearest)
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
