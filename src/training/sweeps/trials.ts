/** The job request of each trial of a sweep. */
import type { JobRequest } from '../../contract/job-request.js'
import { Problem } from '../../contract/problems.js'
import type { SweepDefinition } from '../ports/sweeps.js'
import type { Choices, PointValues } from './choices.js'
import { type Json, PlaceError, setPlace } from './places.js'
import { pointReader } from './search-space.js'

interface TrialPlace {
  point: number
  /** The number of the seed of its point, from 0. */
  repetition: number
  /** The number of its fold, from 1. */
  fold: number
}

type Repetitions = Pick<SweepDefinition, 'seeds' | 'folds'>

export const trialsOfPoint = ({ seeds, folds = 1 }: Repetitions): number => seeds * folds

/** Trials of the same point follow one another, and so do the folds of the same seed. */
export function trialOf(trial: number, repetitions: Repetitions): TrialPlace {
  const { folds = 1 } = repetitions
  const place = (trial - 1) % trialsOfPoint(repetitions)
  return {
    point: Math.ceil(trial / trialsOfPoint(repetitions)),
    repetition: Math.floor(place / folds),
    fold: 1 + (place % folds),
  }
}

export type ParseJob = (body: unknown) => JobRequest | Problem

/**
 * @returns a function of the number of a trial, from 1, and the stored choices of its point: its request, or the Problem of
 * its values
 */
export function trialRequests(
  { name, definition }: { name: string | null; definition: Omit<SweepDefinition, 'epochs'> },
  parse: ParseJob,
): (trial: number, choices?: Choices | null) => JobRequest | Problem {
  const valuesOf = pointReader(definition)
  const { folds } = definition
  return (trial, choices) => {
    const { point, repetition, fold } = trialOf(trial, definition)
    const spec = placeValues(definition, valuesOf(point, choices))
    if (spec instanceof Problem) return spec
    const label = name ?? (typeof spec.name === 'string' ? spec.name : 'sweep')
    // Each seed shuffles the folds anew, in the same way for every point.
    const { seed } = seedField(definition.spec, definition.seed, repetition)
    return parse({
      ...spec,
      ...seedField(spec, definition.seed, repetition),
      ...(folds === undefined ? {} : { validationFold: { folds, fold, seed } }),
      name: `${label.slice(0, 150)} ${trialName(trial, definition)}`,
    })
  }
}

/** The trials of a job differ in seed and fold only. */
function trialName(
  trial: number,
  definition: Pick<SweepDefinition, 'parameters' | 'seeds' | 'folds'>,
): string {
  const { parameters, seeds, folds } = definition
  if (parameters.length > 0) return `#${trial}`
  const { repetition, fold } = trialOf(trial, definition)
  const repeat = `repeat ${repetition + 1}`
  if (folds === undefined) return repeat
  return seeds === 1 ? `fold ${fold}` : `${repeat}, fold ${fold}`
}

function placeValues(
  { spec, parameters }: Pick<SweepDefinition, 'spec' | 'parameters'>,
  values: PointValues,
): Json | Problem {
  const placed = structuredClone(spec)
  for (const [path, value] of values) {
    try {
      setPlace(placed, path, structuredClone(value))
    } catch (error) {
      if (!(error instanceof PlaceError)) throw error
      const pointer = `/parameters/${parameters.findIndex((parameter) => parameter.path === path)}/path`
      return new Problem('invalid-spec', `${path}: ${error.message}`, [{ pointer, message: error.message }])
    }
  }
  return placed
}

/** A seed that is no number stays, so that it is refused. */
function seedField(spec: Json, otherwise: number, repetition: number): Json {
  const { seed = otherwise } = spec
  return { seed: typeof seed === 'number' ? seed + repetition : seed }
}

/** @returns a function of the number of a point and its stored choices: its values by path */
export function valuesOfPoints(
  definition: SweepDefinition,
): (point: number, choices: Choices | null) => Record<string, unknown> {
  const valuesOf = pointReader(definition)
  return (point, choices) => Object.fromEntries(valuesOf(point, choices))
}
