/** The job request of each trial of a sweep. */
import type { JobRequest } from '../../contract/job.js'
import { Problem } from '../../contract/problems.js'
import type { SweepDefinition } from '../ports/sweeps.js'
import type { Choices, PointValues } from './choices.js'
import { type Json, PlaceError, setPlace } from './places.js'
import { pointReader } from './search-space.js'

interface TrialPlace {
  point: number
  /** The number of the seed of its point, from 0. */
  repetition: number
}

/** Trials of the same point follow one another. */
export const trialOf = (trial: number, seeds: number): TrialPlace => ({
  point: Math.ceil(trial / seeds),
  repetition: (trial - 1) % seeds,
})

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
  return (trial, choices) => {
    const { point, repetition } = trialOf(trial, definition.seeds)
    const spec = placeValues(definition, valuesOf(point, choices))
    if (spec instanceof Problem) return spec
    const label = name ?? (typeof spec.name === 'string' ? spec.name : 'sweep')
    return parse({
      ...spec,
      ...seedField(spec, definition.seed, repetition),
      name: `${label.slice(0, 180)} #${trial}`,
    })
  }
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
