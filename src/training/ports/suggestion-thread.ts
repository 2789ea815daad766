import type { SweepParameter } from '../../contract/sweep.js'
import type { Choices } from '../sweeps/choices.js'
import type { Tpe } from '../sweeps/tpe.js'

/** Points to choose. */
export interface SuggestionTask {
  parameters: readonly SweepParameter[]
  search: Tpe
  /** Of earlier points, one after the other, each with a number per parameter. NaN while its condition fails. */
  choices: Float64Array
  /** Of earlier points; NaN for those whose result is not known. */
  losses: Float64Array
  /** Number of the first point to choose. */
  first: number
  count: number
}

/** A thread that chooses the next points of sweeps. */
export interface SuggestionThread {
  suggest(task: SuggestionTask): Promise<Choices[]>
}
