/** Encodes a date as four numbers. */
import { type DatePart, datePartSchema, type FeatureCoding, type Scaling } from '../contract/dataset.js'
import { computeScale } from './scale.js'

const millisecondsOfDay = 86_400_000
/** 1970-01-01 was a Thursday. */
const dayOfWeekOfEpoch = 3

type DateCoding = FeatureCoding & { type: 'date' }

/**
 * The year, month (from 1), day of the week (0 is Monday) and days since `first` of a date in days since
 * 1970-01-01 UTC. All are NaN for a day outside the range of dates.
 */
export function computeDateParts(days: number, first: number): [number, number, number, number] {
  const day = Math.floor(days)
  const date = new Date(day * millisecondsOfDay)
  const dayOfWeek = (((day + dayOfWeekOfEpoch) % 7) + 7) % 7
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, dayOfWeek, days - first]
}

/**
 * Learns the coding of a date column from the training rows. NaN is a missing date.
 * @param constant the replacement for a missing date; `mean` is the mean day
 */
export function dateCoding(
  name: string,
  days: Float64Array,
  scaling: Scaling,
  constant?: 'mean' | number,
): DateCoding {
  const present = days.filter((day) => !Number.isNaN(day))
  const first = present.reduce((least, day) => Math.min(least, day), Number.POSITIVE_INFINITY)
  const start = present.length === 0 ? 0 : first
  const fill = constant === 'mean' ? meanDay(present, start) : constant
  const parts = datePartSchema.options.map((part, index) => {
    const values = present.map((day) => computeDateParts(day, start)[index])
    return { part, ...computeScale(scaling, values) }
  })
  return { type: 'date', name, first: start, parts, ...(fill === undefined ? {} : { imputation: fill }) }
}

function meanDay(days: Float64Array, first: number): number {
  if (days.length === 0) return first
  return first + Math.round(days.reduce((sum, day) => sum + (day - first), 0) / days.length)
}

/** Encodes one date, in the order of `parts`. */
export function encodeDate({ first, parts }: DateCoding, days: number): number[] {
  const values = computeDateParts(days, first)
  return parts.map(({ part, offset, scale }) => (values[partIndexes[part]] - offset) / scale)
}

const partIndexes: Readonly<Record<DatePart, number>> = { year: 0, month: 1, dayOfWeek: 2, daysSinceFirst: 3 }
