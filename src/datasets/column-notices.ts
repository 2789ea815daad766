/** What was found out of a column’s type, in words, with the parameter that says otherwise at the end. */
import type { ColumnType, DatasetWarning } from '../contract/dataset.js'
import type { ColumnFacts } from './column-survey.js'
import { missingValuesWith } from './missing-text.js'
import { shown, shownNames } from './shown-text.js'
import { listedExceptions } from './text-evidence.js'

export interface TypeFound {
  type: ColumnType
  isDeclared: boolean
  /** Whether the user says that commas are decimal. */
  saysComma: boolean
  /** Words of the file that mean a missing value. */
  missing: Iterable<string>
}

export function typeNotices(fact: ColumnFacts, found: TypeFound): DatasetWarning[] {
  const { column, kind, exceptions, dateOrder, isOrderAssumed, hasLargeIntegers } = fact
  const { type, isDeclared, saysComma, missing } = found
  const { name } = column
  const notices: DatasetWarning[] = []
  const notice = (code: DatasetWarning['code'], message: string) =>
    notices.push({ code, columns: [name], message })
  if (type === 'category' && !isDeclared && exceptions !== undefined) {
    const { place, text, texts, count, among } = exceptions
    const seen = `${name} is a category because of ${place}, ${shown(text)}, though most of its cells are ${among}`
    const what = count === 1 ? 'correct that cell, or where it means' : 'where such cells mean'
    const remedy =
      texts.length > listedExceptions
        ? `to say so: types=${name}:category`
        : `${what} a missing value: ${missingValuesWith(missing, ...texts)}`
    notice('mixed-column', `${seen}; ${remedy}`)
  }
  if (type === 'number' && kind === 'decimalComma' && !saysComma) {
    notice(
      'decimal-comma',
      `${name} is read with a decimal comma, so that 1,5 is one and a half; otherwise: decimal=point`,
    )
  }
  if (type === 'number' && hasLargeIntegers) {
    notice(
      'large-integers',
      `${name} holds whole numbers beyond 2^53, which are rounded as numbers; where they are names: types=${name}:category`,
    )
  }
  if (type === 'date' && !isDeclared) {
    const assumed = dateOrder === 'dayFirst' ? 'day' : 'month'
    const order = isOrderAssumed
      ? ` Whether the day or the month stands first does not show; the ${assumed} is assumed.`
      : ''
    notice(
      'date-column',
      `${name} holds dates; the year, month, day of the week and days since the first are used.${order} Otherwise: types=${name}:ignored`,
    )
  }
  return notices
}

/** `missing`: all words of the file that mean a missing value, these among them. */
export function missingAsClass(
  name: string,
  words: readonly string[],
  missing: Iterable<string>,
): DatasetWarning {
  const listed = shownNames(words.map(shown))
  const verb = words.length === 1 ? 'stands' : 'stand'
  const message = `${listed} ${verb} in ${name} so often that it is a class, not a gap; otherwise: ${missingValuesWith(missing)}`
  return { code: 'missing-as-class', columns: [name], message }
}

export function numbersAsClasses({ column: { name }, values }: ColumnFacts): DatasetWarning {
  const message = `${name} has ${values.length} different whole numbers (${values.join(', ')}), which are taken for classes; to predict a number: types=${name}:number`
  return { code: 'numbers-as-classes', columns: [name], message }
}
