/**
 * Which trials of a sweep can be created next. The points of a `tpe` search depend on the results of earlier ones: point n of
 * a batch learns from the points before the batch, except for the last ones, which may still be trained. Which these are
 * follows from the numbers alone, so a sweep has the same points at any speed and after any crash.
 */
import { LRUCache } from 'lru-cache'
import { type SweepMetric, sweepDirection } from '../../contract/sweep.js'
import type { SuggestionThread } from '../ports/suggestion-thread.js'
import type { AllSweeps, DueSweep, PointResult, SweepDefinition } from '../ports/sweeps.js'
import type { Choices } from './choices.js'
import type { Tpe } from './tpe.js'
import { trialOf, trialsOfPoint } from './trials.js'

export interface NextTrials {
  /** The last trial that can be created now. */
  last: number
  /** By point; null for a search whose points do not depend on results. */
  choices: ReadonlyMap<number, Choices> | null
}

/** A batch of points that learn from the same results. */
interface PointBatch {
  first: number
  last: number
  /** The last point that they learn from. */
  seen: number
}

/** The batch of a point. At most `parallelism` trials are unfinished when a batch follows the points that it learns from. */
export function batchOf(
  point: number,
  { parallelism, ...repetitions }: Pick<SweepDefinition, 'parallelism' | 'seeds' | 'folds'>,
): PointBatch {
  const together = Math.max(1, Math.floor(parallelism / trialsOfPoint(repetitions)))
  const size = Math.ceil(together / 2)
  const before = Math.floor((point - 1) / size) * size
  return { first: before + 1, last: before + size, seen: Math.max(0, before - (together - size)) }
}

/** Sweeps whose results are kept in memory. */
const rememberedSweeps = 16

export class Suggestions {
  readonly #histories = new LRUCache<string, History>({ max: rememberedSweeps })

  constructor(
    private readonly sweeps: Pick<AllSweeps, 'points'>,
    private readonly thread: SuggestionThread,
  ) {}

  /** Null while results are missing. */
  async next(due: DueSweep): Promise<NextTrials | null> {
    const { id, definition, trials, created } = due
    const { search } = definition
    if (search.type !== 'tpe') return { last: trials, choices: null }
    const history = this.#histories.get(id) ?? new History(definition.metric)
    this.#histories.set(id, history)
    history.add(await this.sweeps.points(id, history.ended))
    const batch = batchOf(trialOf(created + 1, definition).point, definition)
    if (history.ended < batch.seen) return null
    const last = Math.min(batch.last, search.points)
    const choices = await this.#choose(definition, search, history, { ...batch, last })
    return { last: last * trialsOfPoint(definition), choices }
  }

  async #choose(
    { parameters }: SweepDefinition,
    search: Tpe,
    history: History,
    { first, last, seen }: PointBatch,
  ): Promise<Map<number, Choices>> {
    const count = last - first + 1
    const earlier = history.before(first, seen, parameters.length)
    const points = await this.thread.suggest({ parameters, search, ...earlier, first, count })
    return new Map(points.map((choices, index) => [first + index, choices]))
  }
}

/** The points of a sweep with their results. */
class History {
  readonly #points: PointResult[] = []
  /** All points up to this one have ended. Their results do not change. */
  ended = 0
  readonly #sign: number

  constructor(metric: SweepMetric) {
    this.#sign = sweepDirection[metric] === 'maximize' ? -1 : 1
  }

  /** @param points all after `ended` */
  add(points: readonly PointResult[]): void {
    for (const point of points) this.#points[point.point - 1] = point
    while (this.#points[this.ended]?.isEnded === true) this.ended++
  }

  /** The points before a batch, without those that were cancelled or deleted. */
  before(first: number, seen: number, parameters: number): { choices: Float64Array; losses: Float64Array } {
    const earlier = this.#points
      .slice(0, first - 1)
      .map((point) => ({ ...point, loss: point.point > seen ? Number.NaN : this.#loss(point) }))
      .filter(({ loss }) => loss !== null)
    const choices = new Float64Array(earlier.length * parameters)
    for (const [index, point] of earlier.entries()) {
      choices.set(
        point.choices.map((choice) => choice ?? Number.NaN),
        index * parameters,
      )
    }
    return { choices, losses: Float64Array.from(earlier, ({ loss }) => loss ?? Number.NaN) }
  }

  #loss({ isBad, score }: PointResult): number | null {
    if (isBad) return Number.POSITIVE_INFINITY
    return score === null ? null : this.#sign * score
  }
}
