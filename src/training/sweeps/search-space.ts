/**
 * The points of a sweep: which values each has. With `tpe`, the choices of later points are stored, since they depend on
 * results. Otherwise they are a pure function of the request, so a point needs no storage.
 */
import { parameterDomain, type Search, type SweepParameter, sweepLimits } from '../../contract/sweep.js'
import { seededRandom } from '../../datasets/random.js'
import {
  type Choices,
  drawChoices,
  interpolate,
  isAmong,
  type PointValues,
  round,
  toValues,
} from './choices.js'

interface Space {
  search: Search
  parameters: readonly SweepParameter[]
}

/** The values of a point, numbered from 1; of its stored choices if it has some. */
type PointReader = (point: number, choices?: Choices | null) => PointValues

export function pointReader({ search, parameters }: Space): PointReader {
  switch (search.type) {
    case 'grid': {
      const grid = new Grid(parameters)
      const points = grid.points(sweepLimits.trials)
      return (point) => grid.values(points[point - 1] ?? [])
    }
    case 'random':
    case 'tpe':
      return (point, choices) => toValues(parameters, choices ?? drawChoices(parameters, search.seed, point))
    case 'asha': {
      const valuesOf = pointReader({ search: pointsOf(search), parameters })
      if (search.points !== undefined) return valuesOf
      // The first trials are compared with few others, so they must not be neighbours of the grid.
      const order = shuffled(countPoints({ search, parameters }, sweepLimits.trials), search.seed)
      return (point) => valuesOf((order[point - 1] ?? 0) + 1)
    }
    default:
      return search satisfies never
  }
}

/** The number of points, or `most` + 1 if there are more than `most`. */
export function countPoints({ search, parameters }: Space, most: number): number {
  switch (search.type) {
    case 'grid':
      return new Grid(parameters).points(most + 1).length
    case 'random':
    case 'tpe':
      return Math.min(search.points, most + 1)
    case 'asha':
      return countPoints({ search: pointsOf(search), parameters }, most)
    default:
      return search satisfies never
  }
}

/** The search that has the same points. */
const pointsOf = ({ points, seed }: Extract<Search, { type: 'asha' }>): Search =>
  points === undefined ? { type: 'grid' } : { type: 'random', points, seed }

/** The numbers from 0 to `count` − 1 in a random order (Fisher and Yates). */
function shuffled(count: number, seed: number): number[] {
  const random = seededRandom(seed)
  const order = Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1))
    const [a, b] = [order[last], order[other]]
    order[last] = b
    order[other] = a
  }
  return order
}

/** The index of the value of each parameter; −1 while its condition does not hold. */
type GridPoint = readonly number[]

const inactive = -1

class Grid {
  private readonly axes: readonly (readonly unknown[])[]
  /** Of each parameter: the parameter that its condition names, and the indices of the values that fulfil it. */
  private readonly conditions: readonly ({ on: number; indices: ReadonlySet<number> } | null)[]

  constructor(private readonly parameters: readonly SweepParameter[]) {
    this.axes = parameters.map(gridValues)
    this.conditions = parameters.map(({ when }) => {
      if (when === undefined) return null
      const on = parameters.findIndex(({ path }) => path === when.path)
      const allowed = (this.axes[on] ?? []).flatMap((value, index) =>
        isAmong(value, when.in) ? [index] : [],
      )
      return { on, indices: new Set(allowed) }
    })
  }

  /** The first `most` points. The last parameter varies fastest. */
  points(most: number): GridPoint[] {
    const found: GridPoint[] = []
    const chosen: number[] = []
    const visit = (depth: number): void => {
      if (depth === this.axes.length) {
        found.push([...chosen])
        return
      }
      const condition = this.conditions[depth] ?? null
      const isActive = condition === null || condition.indices.has(chosen[condition.on] ?? inactive)
      const choices = isActive ? this.axes[depth].keys() : [inactive]
      for (const index of choices) {
        if (found.length === most) return
        chosen[depth] = index
        visit(depth + 1)
      }
    }
    visit(0)
    return found
  }

  values(point: GridPoint): PointValues {
    const active = this.parameters.flatMap(({ path }, place): [string, unknown][] => {
      const index = point[place] ?? inactive
      return index === inactive ? [] : [[path, this.axes[place][index]]]
    })
    return new Map(active)
  }
}

/** The distinct values of a parameter in a grid. A range without steps has none. */
function gridValues(parameter: SweepParameter): readonly unknown[] {
  const domain = parameterDomain(parameter)
  if ('values' in domain) return domain.values
  const { range } = domain
  const { steps = 0 } = range
  const values = Array.from({ length: steps }, (_, step) => {
    if (step === 0) return range.min
    return step === steps - 1 ? range.max : round(range, interpolate(range, step / (steps - 1)))
  })
  return [...new Set(values)]
}
