/** Rows as C initializers, and a program that prints what an exported file answers for them. */
import type { Cell, Coding, FeatureCoding } from '../../src/contract/dataset.js'
import { parseBoolean } from '../../src/datasets/boolean-text.js'
import { parseDate } from '../../src/datasets/date-text.js'
import { parseDecimalComma, parseNumber } from '../../src/datasets/number-text.js'
import type { InputRow } from '../../src/datasets/raw-rows.js'
import { answerRules } from '../../src/exports/answer-rules.js'
import { prefixOf } from '../../src/exports/c/exporter.js'
import { doubleLiteral, stringLiteral } from '../../src/exports/c/literals.js'
import { isArrayRow } from '../../src/exports/c/row-code.js'
import type { ExportableModel } from '../../src/exports/exporter.js'

/** A row as its user would write it in C: texts stay, dates are days, and missing values are NAN or NULL. */
function initializer({ features }: Coding, row: InputRow, isArray: boolean): string {
  const cells: Readonly<Record<string, Cell>> | readonly Cell[] = row
  const values = features.map((feature, place) => {
    const cell = Array.isArray(cells)
      ? cells[place]
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

/** A function `run_<prefix>` that prints two lines for each row: status and outputs, then the label or "-". */
export function cDriver(model: ExportableModel, rows: readonly InputRow[]): string {
  const prefix = prefixOf(model)
  const { type } = answerRules(model)
  const isArray = isArrayRow(model.coding, model.network.inputShape ?? [])
  const label = type === 'oneHot' || type === 'binary' ? 'prediction.label' : '"-"'
  return `#include <stdio.h>
#include "${prefix}.c"
void run_${prefix}(void);
void run_${prefix}(void) {
  static const struct ${prefix}_row rows[] = {${rows.map((row) => initializer(model.coding, row, isArray)).join(',\n')}};
  size_t i, j;
  for (i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct ${prefix}_prediction prediction;
    printf("%d", ${prefix}_predict(&rows[i], &prediction));
    for (j = 0; j < sizeof prediction.output / sizeof *prediction.output; j++) printf(" %.9g", prediction.output[j]);
    printf("\\n%s\\n", ${label});
  }
}
`
}

export const cMain = (models: readonly ExportableModel[]) =>
  [
    ...models.map((model) => `void run_${prefixOf(model)}(void);`),
    `int main(void) { ${models.map((model) => `run_${prefixOf(model)}();`).join(' ')} return 0; }`,
  ].join('\n')

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
