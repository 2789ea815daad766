/**
 * Source of the functions that read raw values in JavaScript, by the rules of the service: `datasets/cell-coder.ts`
 * and the files it uses.
 */
import type { FeatureCoding } from '../../contract/dataset.js'

const numberFunctions = String.raw`
const decimalPoint = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const decimalComma = /^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)?(?:,\d+)?(?:[eE][+-]?\d+)?$/

function finite(value) {
  return Number.isFinite(value) ? value : undefined
}

function parseNumber(text) {
  return decimalPoint.test(text) ? finite(Number(text)) : undefined
}

function parseDecimalComma(text) {
  if (!/^[+-]?[\d,]/.test(text) || !decimalComma.test(text)) return undefined
  return finite(Number(text.replaceAll('.', '').replace(',', '.')))
}
`

const missingFunctions = `
const missingLists = new Map()

/** The texts of a list and the numbers among them. */
function missingList(texts) {
  const known = missingLists.get(texts)
  if (known !== undefined) return known
  const plain = texts.map((text) => text.trim().toLowerCase())
  const list = { texts: new Set(plain), numbers: new Set(plain.map(parseNumber)) }
  missingLists.set(texts, list)
  return list
}

/** A column without its own list of missing texts has the usual ones. */
function isMissing(column, value) {
  if (value === null) return true
  const { texts, numbers } = missingList(column.missingTexts ?? usualMissingTexts)
  if (typeof value === 'string') return value === '' || texts.has(value.toLowerCase())
  return typeof value === 'number' && numbers.has(value)
}

function fail(column, message) {
  throw new RangeError(column.name + ': ' + message)
}

const missing = 'is missing, and this column has no imputation'
`

const booleanFunction = `
function parseBoolean(text) {
  const lower = text.trim().toLowerCase()
  if (['true', 'yes', 'y', 't', '1'].includes(lower)) return true
  return ['false', 'no', 'n', 'f', '0'].includes(lower) ? false : undefined
}
`

const dateFunctions = String.raw`
const time = '(?:[T ]+(\\d{1,2}):(\\d{2})(?::(\\d{2}(?:\\.\\d+)?))?\\s*(AM|PM)?)?\\s*(Z|UTC|[+-]\\d{2}:?\\d{2})?'
const yearFirst = new RegExp('^(\\d{4})([-/.])(\\d{1,2})\\2(\\d{1,2})' + time + '$', 'i')
const yearLast = new RegExp('^(\\d{1,2})([-/.])(\\d{1,2})\\2(\\d{4})' + time + '$', 'i')
const shortYear = new RegExp('^(?:(\\d{1,2})(/)(\\d{1,2})/|(\\d{2})(\\.)(\\d{2})\\.)(\\d{2})' + time + '$', 'i')
const monthOnly = /^((?:19|20)\d{2})-(\d{2})$/
const monthNamed = new RegExp('^([A-Z]{3,9})\\.? (\\d{1,2}),? (\\d{4})' + time + '$', 'i')
const dayThenMonth = new RegExp('^(\\d{1,2})[. -]+([A-Z]{3,9})[. -]+(\\d{4})' + time + '$', 'i')
const monthNames = [
  'january', 'february', 'march', 'april', 'may', 'june',
  'july', 'august', 'september', 'october', 'november', 'december',
]

/** Days since 1970-01-01 UTC, with a fraction for the time of day; undefined for other texts. */
function parseDate(text, order) {
  if (text.length > 48 || text.length < 6) return undefined
  const ordered = (one, two, year, clock, dayFirst) =>
    dayFirst ? days(year, two, one, clock) : days(year, one, two, clock)
  const first = yearFirst.exec(text)
  if (first !== null) return days(first[1], first[3], first[4], first.slice(5))
  const last = yearLast.exec(text)
  if (last !== null) return ordered(last[1], last[3], last[4], last.slice(5), last[2] === '.' || order === 'dayFirst')
  const short = shortYear.exec(text)
  if (short !== null) {
    const year = Number(short[7]) + (Number(short[7]) >= 69 ? 1900 : 2000)
    if (short[2] === undefined) return days(year, short[6], short[4], short.slice(8))
    return ordered(short[1], short[3], year, short.slice(8), order === 'dayFirst')
  }
  const month = monthOnly.exec(text)
  if (month !== null) return days(month[1], month[2], 1, [])
  const named = monthNamed.exec(text)
  if (named !== null) return days(named[3], monthNumber(named[1]), named[2], named.slice(4))
  const written = dayThenMonth.exec(text)
  return written === null ? undefined : days(written[3], monthNumber(written[2]), written[1], written.slice(4))
}

function monthNumber(name) {
  const lower = name.toLowerCase()
  const short = lower === 'sept' ? 'sep' : lower
  return 1 + monthNames.findIndex((month) => month === lower || month.slice(0, 3) === short)
}

function days(year, month, day, clock) {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  if (y < 1 || m < 1 || m > 12 || d < 1) return undefined
  const date = new Date(0)
  date.setUTCFullYear(y, m - 1, d)
  if (date.getUTCMonth() !== m - 1) return undefined
  const seconds = secondsOfDay(clock)
  return seconds === undefined ? undefined : date.getTime() / 86400000 + seconds / 86400
}

function secondsOfDay([hour, minute, second, half, offset]) {
  if (hour === undefined) return 0
  let hours = Number(hour)
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return undefined
    hours = (hours % 12) + (half.toUpperCase() === 'PM' ? 12 : 0)
  }
  const [minutes, seconds] = [Number(minute), Number(second ?? 0)]
  if (hours > 24 || minutes > 59 || seconds >= 61) return undefined
  return hours * 3600 + minutes * 60 + seconds - offsetSeconds(offset)
}

function offsetSeconds(offset) {
  if (offset === undefined || /^(Z|UTC)$/i.test(offset)) return 0
  const numbers = offset.replace(':', '')
  const size = Number(numbers.slice(1, 3)) * 3600 + Number(numbers.slice(3, 5)) * 60
  return numbers.startsWith('-') ? -size : size
}
`

/** Each writes the numbers of one raw value into `inputs` from `offset` on. */
const readers: Readonly<Record<FeatureCoding['type'], string>> = {
  number: `
function readNumber(column, cell) {
  if (typeof cell !== 'string') return typeof cell === 'number' ? cell : undefined
  const comma = column.decimal === 'comma' ? parseDecimalComma(cell) : undefined
  return comma ?? parseNumber(cell)
}

function encodeNumber(column, cell, inputs, offset) {
  const given = readNumber(column, cell)
  const isAbsent = isMissing(column, cell) || (given !== undefined && isMissing(column, given))
  const value = isAbsent ? column.imputation : given
  if (value === undefined) fail(column, isAbsent ? missing : JSON.stringify(cell) + ' is not a number')
  const encoded = Math.fround((value - column.offset) / column.scale)
  if (!Number.isFinite(encoded)) fail(column, value + ' is not finite or too large for this model')
  inputs[offset] = encoded
}
`,
  category: `
/** A number or a boolean matches a category in another notation, unless there are several. */
function findCategory(names, cell) {
  if (cell === null) return -1
  const exact = names.indexOf(String(cell))
  if (exact >= 0 || typeof cell === 'string') return exact
  const parse = typeof cell === 'number' ? parseNumber : parseBoolean
  const found = names.flatMap((name, place) => (parse(name) === cell ? [place] : []))
  return found.length === 1 ? found[0] : -1
}

/** Missing and unknown categories, and those without training rows, are zeros. */
function encodeCategory(column, cell, inputs, offset) {
  const known = findCategory(column.categories, cell)
  const isAbsent = known < 0 && isMissing(column, cell)
  const place = isAbsent && column.imputation !== undefined ? findCategory(column.categories, column.imputation) : known
  if (place >= 0 && !(column.unseen ?? []).includes(column.categories[place])) inputs[offset + place] = 1
}
`,
  boolean: `
function encodeBoolean(column, cell, inputs, offset) {
  const isAbsent = isMissing(column, cell)
  const value = isAbsent ? column.imputation : parseBoolean(String(cell))
  if (value === undefined) fail(column, isAbsent ? missing : JSON.stringify(cell) + ' is not a boolean')
  inputs[offset] = value ? 1 : 0
}
`,
  date: `
function encodeDate(column, cell, inputs, offset) {
  const isAbsent = isMissing(column, cell)
  const day = isAbsent ? column.imputation : parseDate(String(cell), column.dateOrder ?? 'dayFirst')
  if (day === undefined) fail(column, isAbsent ? missing : JSON.stringify(cell) + ' is not a date, such as 2024-01-31')
  const date = new Date(Math.floor(day) * 86400000)
  const values = {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    dayOfWeek: (((Math.floor(day) + 3) % 7) + 7) % 7,
    daysSinceFirst: day - column.first,
  }
  column.parts.forEach(({ part, offset: from, scale }, place) => {
    const encoded = Math.fround((values[part] - from) / scale)
    if (!Number.isFinite(encoded)) fail(column, JSON.stringify(cell) + ' is too far from the dates of the training')
    inputs[offset + place] = encoded
  })
}
`,
}

/** Source of the readers of these types of columns. */
export function rowFunctions(types: ReadonlySet<FeatureCoding['type']>): string[] {
  return [
    numberFunctions,
    missingFunctions,
    ...(types.has('boolean') || types.has('category') ? [booleanFunction] : []),
    ...(types.has('date') ? [dateFunctions] : []),
    ...[...types].map((type) => readers[type]),
  ]
}
