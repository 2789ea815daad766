/** Summaries of loss curves. Medians, so that a single noisy epoch counts little. */
import type { Epoch } from '../../contract/epoch.js'

/** An epoch with a finite training loss. */
export interface Point {
  epoch: number
  loss: number
}

/** An epoch that also has a finite validation loss. */
export interface ValidatedPoint extends Point {
  valLoss: number
}

export function finitePoints(epochs: readonly Epoch[]): Point[] {
  return epochs.flatMap(({ epoch, loss }) => (loss === null ? [] : [{ epoch, loss }]))
}

export function validatedPoints(epochs: readonly Epoch[]): ValidatedPoint[] {
  return epochs.flatMap(({ epoch, loss, valLoss }) =>
    loss === null || valLoss === null ? [] : [{ epoch, loss, valLoss }],
  )
}

/** The lower median; NaN without values. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[(values.length - 1) >> 1] ?? Number.NaN
}

/** The values between two shares of the list, at least one: `part(values, 0.5, 1)` is the second half. */
export function part<T>(values: readonly T[], from: number, to: number): readonly T[] {
  const start = Math.min(values.length - 1, Math.floor(from * values.length))
  return values.slice(start, Math.max(start + 1, Math.floor(to * values.length)))
}

export const toLosses = (points: readonly Point[]) => points.map(({ loss }) => loss)

/** The median loss between two shares of the curve. */
export const level = (points: readonly Point[], from: number, to: number) =>
  median(toLosses(part(points, from, to)))

/** Each value replaced by the median of its neighbourhood of a twentieth of the list, at least three values. */
export function smoothed(values: readonly number[]): number[] {
  const reach = Math.max(1, Math.round(values.length / 40))
  return values.map((_, index) => median(values.slice(Math.max(0, index - reach), index + reach + 1)))
}

/** The share of the steps between neighbours that go up. */
export function shareOfRises(values: readonly number[]): number {
  const rises = values.filter((value, index) => index > 0 && value > (values[index - 1] ?? value))
  return values.length < 2 ? 0 : rises.length / (values.length - 1)
}

/** The median size of the steps between neighbours. */
export function medianStep(values: readonly number[]): number {
  return median(values.slice(1).map((value, index) => Math.abs(value - (values[index] ?? value))))
}

/** The index of the lowest value, the first of equal ones. */
export function indexOfLowest(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value < (values[best] ?? value) ? index : best), 0)
}
