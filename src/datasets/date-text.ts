/** Parses and formats dates. */
import type { DateOrder } from '../contract/dataset.js'

const millisecondsOfDay = 86_400_000

const time = String.raw`(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(AM|PM)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?`
const yearFirst = new RegExp(String.raw`^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})${time}$`, 'i')
const yearLast = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})${time}$`, 'i')
/** 1/31/24 and 31.01.24, but not 1.2.10, which may be a version. */
const shortYear = new RegExp(String.raw`^(?:(\d{1,2})(/)(\d{1,2})/|(\d{2})(\.)(\d{2})\.)(\d{2})${time}$`, 'i')
/** Only from 1900 to 2099, so that 1234-05 is not a date. */
const monthOnly = /^((?:19|20)\d{2})-(\d{2})$/
/** Two-digit years from 69 on are in the 20th century, as in POSIX. */
const firstYearOf1900s = 69
const monthNamed = new RegExp(String.raw`^([A-Z]{3,9})\.? (\d{1,2}),? (\d{4})${time}$`, 'i')
const dayThenMonth = new RegExp(String.raw`^(\d{1,2})[. -]+([A-Z]{3,9})[. -]+(\d{4})${time}$`, 'i')

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const monthNames = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]

/** The longest date is 31 September 2024 with a time and an offset. */
const longest = 48
const shortest = 6

/**
 * Parses a date into days since 1970-01-01 UTC, with a fraction for the time of day. Returns undefined for
 * other texts. Formats: 2024-01-31, 2024/1/31, 31.01.2024, 31/01/2024, 01/31/2024 and 1/31/24 (by `order`),
 * 31.01.24, 31 Jan 2024, Jan 31, 2024 and 2024-01. All but the last may have a time and an offset. A time
 * without an offset is UTC.
 */
export function parseDate(text: string, order: DateOrder = 'dayFirst'): number | undefined {
  if (text.length > longest || text.length < shortest) return undefined
  const trimmed = text.trim()
  const first = yearFirst.exec(trimmed)
  if (first !== null) return toDays([first[1], first[3], first[4]], first.slice(5))
  const last = yearLast.exec(trimmed)
  if (last !== null) {
    const [, one, separator, two, year] = last
    const dayFirst = separator === '.' || order === 'dayFirst'
    return toDays(dayFirst ? [year, two, one] : [year, one, two], last.slice(5))
  }
  const short = shortYear.exec(trimmed)
  if (short !== null) return shortDays(short, order)
  const month = monthOnly.exec(trimmed)
  if (month !== null) return toDays([month[1], month[2], '1'], [])
  const named = monthNamed.exec(trimmed)
  if (named !== null) return toDays([named[3], parseMonth(named[1]), named[2]], named.slice(4))
  const written = dayThenMonth.exec(trimmed)
  if (written !== null) return toDays([written[3], parseMonth(written[2]), written[1]], written.slice(4))
  return undefined
}

function shortDays(found: RegExpExecArray, order: DateOrder): number | undefined {
  const [, one, slash, two, day, , month, digits] = found
  const year = String(Number(digits) + (Number(digits) >= firstYearOf1900s ? 1_900 : 2_000))
  const clock = found.slice(8)
  if (slash === undefined) return toDays([year, month, day], clock)
  return toDays(order === 'dayFirst' ? [year, two, one] : [year, one, two], clock)
}

/** Whether a date depends on the order of day and month: 3/4/2024 does, 3.4.2024 does not. */
export function isOrderOpen(text: string): boolean {
  const trimmed = text.trim()
  const [, , separator] = yearLast.exec(trimmed) ?? shortYear.exec(trimmed) ?? []
  return separator === '/' || separator === '-'
}

/** The number of a month as text, or an empty text, which is not a valid month. */
function parseMonth(name: string): string {
  const lower = name.toLowerCase()
  const full = monthNames.indexOf(lower)
  const index = full >= 0 ? full : months.indexOf(lower === 'sept' ? 'sep' : lower)
  return index < 0 ? '' : String(index + 1)
}

function toDays(
  [year, month, day]: [string, string, string],
  clock: (string | undefined)[],
): number | undefined {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  if (y < 1 || m < 1 || m > 12 || d < 1) return undefined
  const date = new Date(0)
  date.setUTCFullYear(y, m - 1, d)
  if (date.getUTCMonth() !== m - 1) return undefined
  const seconds = toSeconds(clock)
  return seconds === undefined ? undefined : date.getTime() / millisecondsOfDay + seconds / 86_400
}

/** Seconds since midnight UTC. Undefined for an invalid time. */
function toSeconds([hour, minute, second, half, offset]: (string | undefined)[]): number | undefined {
  if (hour === undefined) return 0
  let hours = Number(hour)
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return undefined
    hours = (hours % 12) + (half.toUpperCase() === 'PM' ? 12 : 0)
  }
  const [minutes, seconds] = [Number(minute), Number(second ?? 0)]
  if (hours > 24 || minutes > 59 || seconds >= 61) return undefined
  return hours * 3_600 + minutes * 60 + seconds - offsetSeconds(offset)
}

function offsetSeconds(offset: string | undefined): number {
  if (offset === undefined || /^(Z|UTC)$/i.test(offset)) return 0
  const digits = offset.replace(':', '')
  const seconds = Number(digits.slice(1, 3)) * 3_600 + Number(digits.slice(3, 5)) * 60
  return digits.startsWith('-') ? -seconds : seconds
}

/** Formats a date as 2024-01-31, or with a time as 2024-01-31T12:30:00.000Z. */
export function dateText(days: number): string {
  const date = new Date(Math.round(days * millisecondsOfDay))
  if (Number.isNaN(date.getTime())) return String(days)
  const text = date.toISOString()
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, -14) : text
}
