/** What a demonstration of the lecture claims, plots and asserts, on the command line and on the page. */
import type { Laboratory } from './laboratory.js'
import type { Plot } from './plot.js'

/** Something that a reader changes. */
export interface Control {
  label: string
  values: readonly number[]
  initial: number
}

export type Controls = Readonly<Record<string, Control>>
export type Settings<C extends Controls = Controls> = Readonly<Record<keyof C, number>>

export interface Shown {
  /** What the figures say, in a sentence or two. */
  summary: string
  plots: readonly Plot[]
}

export interface Attempt {
  /** What was changed. */
  change: string
  /** The figure that came nearest to overturning the sentence. */
  figure: string
  isOverturned: boolean
}

export interface Demonstration<Figures = unknown, C extends Controls = Controls> {
  title: string
  /** A sentence that no setting of the controls overturns. */
  claim: string
  /** In the notation of `formula.ts`. */
  formula: readonly string[]
  /** What the plots show. */
  notice: string
  reference: { text: string; url: string }
  controls: C
  /** What the figures of a run must show. */
  assertion: string
  measure(laboratory: Laboratory, settings: Settings<C>, seeds: readonly number[]): Promise<Figures>
  /** Whether the figures show it. */
  holds(figures: Figures): boolean
  show(figures: Figures): Shown
  /** Tries to overturn the claim by other rates, widths and seeds than those of `measure`. */
  attack(laboratory: Laboratory): AsyncGenerator<Attempt>
}

/** Infers the figures and the controls. */
export function demonstration<Figures, const C extends Controls>(
  description: Demonstration<Figures, C>,
): Demonstration<Figures, C> {
  return description
}

export const initialSettings = <C extends Controls>(controls: C): Settings<C> =>
  Object.fromEntries(Object.entries(controls).map(([name, { initial }]) => [name, initial])) as Settings<C>

/** Whether each value is above the one before it. */
export function isIncreasing(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value > values[index - 1])
}
