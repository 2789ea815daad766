/** Warnings about inferred column types. Each ends with the parameter that overrides the inference. */
import type { ColumnType, DatasetWarning } from '../contract/dataset.js'
import type { ColumnFacts } from './column-survey.js'
import { missingValuesParameter } from './missing-text.js'
import { shown, shownNames } from './shown-text.js'
import { listedExceptions } from './text-evidence.js'

interface TypeInference {
  type: ColumnType
  isDeclared: boolean
  /** Whether the request sets decimal=comma. */
  saysComma: boolean
  /** Texts of the file that mean a missing value. */
  missing: Iterable<string>
}

export function typeNotices(fact: ColumnFacts, inference: TypeInference): DatasetWarning[] {
  const { column, kind, exceptions, dateOrder, isOrderAssumed, hasLargeIntegers } = fact
  const { type, isDeclared, saysComma, missing } = inference
  const { name } = column
  const notices: DatasetWarning[] = []
  const notice = (code: DatasetWarning['code'], message: string) =>
    notices.push({ code, columns: [name], message })
  if (type === 'category' && !isDeclared && exceptions !== undefined) {
    const { place, text, texts, count, among } = exceptions
    const seen = `${name} is a category because of ${shown(text)} in ${place}, although most of its cells are ${among}`
    const what = count === 1 ? 'correct that cell, or if it means' : 'if such cells mean'
    const remedy =
      texts.length > listedExceptions
        ? `to confirm: types=${name}:category`
        : `${what} a missing value: ${missingValuesParameter(missing, ...texts)}`
    notice('mixed-column', `${seen}; ${remedy}`)
  }
  if (type === 'number' && kind === 'decimalComma' && !saysComma) {
    notice(
      'decimal-comma',
      `${name} is read with a decimal comma: 1,5 is one and a half; otherwise: decimal=point`,
    )
  }
  if (type === 'number' && hasLargeIntegers) {
    notice(
      'large-integers',
      `${name} contains integers beyond 2^53, which are rounded; if they are identifiers: types=${name}:category`,
    )
  }
  if (type === 'date' && !isDeclared) {
    const assumed = dateOrder === 'dayFirst' ? 'day' : 'month'
    const order = isOrderAssumed
      ? ` The cells do not show whether the day or the month comes first; the ${assumed} is assumed.`
      : ''
    notice(
      'date-column',
      `${name} contains dates; its features are the year, month, day of the week and days since the first.${order} Otherwise: types=${name}:ignored`,
    )
  }
  return notices
}

/** @param missing all texts of the file that mean a missing value, including `words` */
export function missingAsClass(
  name: string,
  words: readonly string[],
  missing: Iterable<string>,
): DatasetWarning {
  const listed = shownNames(words.map(shown))
  const verb = words.length === 1 ? 'occurs' : 'occur'
  const message = `${listed} ${verb} in ${name} too often for a missing value, so it is a class; otherwise: ${missingValuesParameter(missing)}`
  return { code: 'missing-as-class', columns: [name], message }
}

export function numbersAsClasses({ column: { name }, values }: ColumnFacts): DatasetWarning {
  const message = `${name} has ${values.length} different integers (${values.join(', ')}), which are used as classes; to predict a number: types=${name}:number`
  return { code: 'numbers-as-classes', columns: [name], message }
}
