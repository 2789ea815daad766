/** Which texts are dates, and what day they name. */
import type { DateOrder } from '../contract/dataset.js'

const millisecondsOfDay = 86_400_000

const time = String.raw`(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(AM|PM)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?`
const yearFirst = new RegExp(String.raw`^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})${time}$`, 'i')
const yearLast = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})${time}$`, 'i')
/** 1/31/24 and 31.01.24; 1.2.10 may be a version. */
const shortYear = new RegExp(String.raw`^(?:(\d{1,2})(/)(\d{1,2})/|(\d{2})(\.)(\d{2})\.)(\d{2})${time}$`, 'i')
/** Of these two centuries, so that 1234-05 is none. */
const monthOnly = /^((?:19|20)\d{2})-(\d{2})$/
/** Two digits of a year from here on are of the 20th century, as POSIX has it. */
const firstOfCentury = 69
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

/** The longest text that is looked at: 31 September 2024 with a time and an offset. */
const longest = 48
const shortest = 6

/**
 * Days since 1970-01-01 UTC, with a fraction for the time of day; undefined when the text is no date. Understands
 * 2024-01-31, 2024/1/31, 31.01.2024, 31/01/2024, 01/31/2024 and 1/31/24 (by `order`), 31.01.24, 31 Jan 2024,
 * Jan 31, 2024 and 2024-01, each but the last with a time and an offset or without. A time without an offset is UTC.
 */
export function parseDate(text: string, order: DateOrder = 'dayFirst'): number | undefined {
  if (text.length > longest || text.length < shortest) return undefined
  const trimmed = text.trim()
  const first = yearFirst.exec(trimmed)
  if (first !== null) return daysOf([first[1], first[3], first[4]], first.slice(5))
  const last = yearLast.exec(trimmed)
  if (last !== null) {
    const [, one, separator, two, year] = last
    const dayFirst = separator === '.' || order === 'dayFirst'
    return daysOf(dayFirst ? [year, two, one] : [year, one, two], last.slice(5))
  }
  const short = shortYear.exec(trimmed)
  if (short !== null) return shortDays(short, order)
  const month = monthOnly.exec(trimmed)
  if (month !== null) return daysOf([month[1], month[2], '1'], [])
  const named = monthNamed.exec(trimmed)
  if (named !== null) return daysOf([named[3], monthOf(named[1]), named[2]], named.slice(4))
  const written = dayThenMonth.exec(trimmed)
  if (written !== null) return daysOf([written[3], monthOf(written[2]), written[1]], written.slice(4))
  return undefined
}

function shortDays(found: RegExpExecArray, order: DateOrder): number | undefined {
  const [, one, slash, two, day, , month, digits] = found
  const year = String(Number(digits) + (Number(digits) >= firstOfCentury ? 1_900 : 2_000))
  const clock = found.slice(8)
  if (slash === undefined) return daysOf([year, month, day], clock)
  return daysOf(order === 'dayFirst' ? [year, two, one] : [year, one, two], clock)
}

/** Whether the order of day and month matters to this date: 3/4/2024, but not 3.4.2024. */
export function isOrderOpen(text: string): boolean {
  const trimmed = text.trim()
  const [, , separator] = yearLast.exec(trimmed) ?? shortYear.exec(trimmed) ?? []
  return separator === '/' || separator === '-'
}

/** A month's number as text; empty, so that no date results, for other words. */
function monthOf(name: string): string {
  const lower = name.toLowerCase()
  const full = monthNames.indexOf(lower)
  const place = full >= 0 ? full : months.indexOf(lower === 'sept' ? 'sep' : lower)
  return place < 0 ? '' : String(place + 1)
}

function daysOf(
  [year, month, day]: [string, string, string],
  clock: (string | undefined)[],
): number | undefined {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  if (y < 1 || m < 1 || m > 12 || d < 1) return undefined
  const date = new Date(0)
  date.setUTCFullYear(y, m - 1, d)
  if (date.getUTCMonth() !== m - 1) return undefined
  const seconds = secondsOf(clock)
  return seconds === undefined ? undefined : date.getTime() / millisecondsOfDay + seconds / 86_400
}

/** Since midnight UTC; undefined for a time that no clock shows. */
function secondsOf([hour, minute, second, half, offset]: (string | undefined)[]): number | undefined {
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

/** 2024-01-31, or with a time 2024-01-31T12:30:00.000Z. */
export function dateText(days: number): string {
  const date = new Date(Math.round(days * millisecondsOfDay))
  if (Number.isNaN(date.getTime())) return String(days)
  const text = date.toISOString()
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, -14) : text
}
