/** Rows as C initializers, and a program that prints what exported files answer for them. */
import type { Cell, Coding, FeatureCoding } from '../../src/contract/dataset.js'
import { parseBoolean } from '../../src/datasets/boolean-text.js'
import { parseDate } from '../../src/datasets/date-text.js'
import { parseDecimalComma, parseNumber } from '../../src/datasets/number-text.js'
import type { InputRow } from '../../src/datasets/raw-rows.js'
import { answerRules } from '../../src/exports/answer-rules.js'
import { namePrefix } from '../../src/exports/c/exporter.js'
import { doubleLiteral, stringLiteral } from '../../src/exports/c/literals.js'
import { isArrayRow } from '../../src/exports/c/row-code.js'
import type { ExportableModel } from '../../src/exports/exporter.js'

/** A row as its user would write it in C: texts stay, dates are days, and missing values are NAN or NULL. */
function initializer({ features }: Coding, row: InputRow, isArray: boolean): string {
  const cells: Readonly<Record<string, Cell>> | readonly Cell[] = row
  const values = features.map((feature, index) => {
    const cell = Array.isArray(cells)
      ? cells[index]
      : Object.entries(cells).find(([name]) => name.trim() === feature.name)?.[1]
    return cellLiteral(feature, cell ?? null)
  })
  return isArray ? `{{${values.join(', ')}}}` : `{${values.join(', ')}}`
}

function cellLiteral(feature: FeatureCoding, cell: Cell): string {
  const text = String(cell).trim()
  switch (feature.type) {
    case 'number': {
      const comma =
        feature.decimal === 'comma' && typeof cell === 'string' ? parseDecimalComma(text) : undefined
      return doubleLiteral(comma ?? parseNumber(text))
    }
    case 'category':
      return cell === null ? 'NULL' : stringLiteral(categoryText(feature.categories, cell))
    case 'boolean': {
      const truth = parseBoolean(text)
      return truth === undefined ? 'NAN' : String(Number(truth))
    }
    case 'date':
      return doubleLiteral(parseDate(text, feature.dateOrder))
    default:
      return feature satisfies never
  }
}

/** A number or a boolean in the notation of the category. */
function categoryText(categories: readonly string[], cell: Cell): string {
  const text = String(cell).trim()
  if (typeof cell === 'string' || categories.includes(text)) return text
  return categories.find((name) => parseNumber(name) === cell || parseBoolean(name) === cell) ?? text
}

/** The names of the functions and arrays of a file that are not external. */
const staticNames = /^static [^=;(]*?(\w+)(?:\[\d+\])*\s*[=(;]/gm

/**
 * One program over several files, which are included in it with their static names changed. It prints two lines for each
 * row: status and outputs, then the label or "-".
 */
export function cProgram(
  models: readonly { model: ExportableModel; source: string; rows: readonly InputRow[] }[],
): string {
  const parts = models.map(({ model, source, rows }, index) => {
    const names = [...new Set(Array.from(source.matchAll(staticNames), ([, name]) => name))]
    const defined = names.map((name) => `#define ${name} ${name}_${index}`)
    const removed = names.map((name) => `#undef ${name}`)
    return [...defined, source, runFunction(model, rows), ...removed].join('\n')
  })
  const calls = models.map(({ model }) => `run_${namePrefix(model)}();`)
  return ['#include <stdio.h>', ...parts, `int main(void) { ${calls.join(' ')} return 0; }`].join('\n')
}

function runFunction(model: ExportableModel, rows: readonly InputRow[]): string {
  const prefix = namePrefix(model)
  const { type } = answerRules(model)
  const isArray = isArrayRow(model.coding, model.network.inputShape ?? [])
  const label = type === 'oneHot' || type === 'binary' ? 'prediction.label' : '"-"'
  return `static void run_${prefix}(void) {
  static const struct ${prefix}_row rows[] = {${rows.map((row) => initializer(model.coding, row, isArray)).join(',\n')}};
  size_t i, j;
  for (i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ${prefix}_prediction prediction;
    printf("%d", ${prefix}_predict(&rows[i], &prediction));
    for (j = 0; j < sizeof prediction.output / sizeof *prediction.output; j++) printf(" %.9g", (double)prediction.output[j]);
    printf("\\n%s\\n", ${label});
  }
}`
}

export interface CAnswer {
  status: number
  output: number[]
  label?: string
}

export function readCAnswers(lines: readonly string[]): CAnswer[] {
  return Array.from({ length: lines.length / 2 }, (_, row) => {
    const [status = Number.NaN, ...output] = lines[2 * row].split(' ').map(Number)
    const label = lines[2 * row + 1]
    return label === '-' ? { status, output } : { status, output, label }
  })
}
