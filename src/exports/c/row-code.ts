/** Writes the encoding of a raw row as C99. */
import type { Coding, FeatureCoding } from '../../contract/dataset.js'
import { usualMissingTexts } from '../../contract/missing-texts.js'
import { featureWidth } from '../../datasets/feature-coding.js'
import { parseNumber } from '../../datasets/number-text.js'
import { derivedCode } from './derived-code.js'
import { commentText, doubleLiteral, stringLiteral, uniqueIdentifiers } from './literals.js'

interface RowCode {
  /** The fields of `struct <name>_row`. */
  fields: string[]
  /** Functions and constants. */
  helpers: string[]
  /** Statements that write `inputs` from `row`, and return the number of a column that cannot be encoded. */
  lines: string[]
}

/** With more columns, all numbers, a row is an array. */
const mostFields = 64

/** Whether a row is an array instead of a structure with a field for each column. */
export function isArrayRow({ features }: Coding, inputShape: readonly number[]): boolean {
  return (
    features.every(({ type }) => type === 'number') && (features.length > mostFields || inputShape.length > 1)
  )
}

export function rowCode(coding: Coding, inputShape: readonly number[]): RowCode {
  const { helpers, lines, ...rest } = isArrayRow(coding, inputShape) ? arrayRow(coding) : structureRow(coding)
  const derived = derivedCode(coding)
  return { ...rest, helpers: [...helpers, ...derived.helpers], lines: [...lines, ...derived.lines] }
}

const numberHelper = `
/* A missing number is NAN. */
static int encode_number(double value, double offset, double scale, double imputation, float *x) {
  if (isnan(value)) value = imputation;
  *x = (float)((value - offset) / scale);
  return isfinite(*x);
}`

function arrayRow({ features }: Coding): RowCode {
  const numbers = features.filter((feature) => feature.type === 'number')
  const table = (name: string, values: (number | undefined)[]) =>
    `static const double ${name}[${values.length}] = {${values.map(doubleLiteral).join(', ')}};`
  const missing = numbers.flatMap((feature, index) =>
    missingNumbers(feature).map(
      (number) => `  if (row->values[${index}] == ${doubleLiteral(number)}) values[${index}] = NAN;`,
    ),
  )
  const copied = missing.length > 0
  return {
    fields: [`  double values[${features.length}]; /* the columns in order, NAN where missing */`],
    helpers: [
      numberHelper,
      table(
        'offsets',
        numbers.map(({ offset }) => offset),
      ),
      table(
        'scales',
        numbers.map(({ scale }) => scale),
      ),
      table(
        'imputations',
        numbers.map(({ imputation }) => imputation),
      ),
      ...(copied ? [`static double values[${features.length}];`] : []),
    ],
    lines: [
      '  int i;',
      ...(copied ? [`  memcpy(values, row->values, sizeof values);`, ...missing] : []),
      `  for (i = 0; i < ${features.length}; i++)`,
      `    if (!encode_number(${copied ? 'values' : 'row->values'}[i], offsets[i], scales[i], imputations[i], &inputs[i])) return i + 1;`,
    ],
  }
}

/** Numbers such as -99 that mean a missing value. */
function missingNumbers({ missingTexts = [] }: FeatureCoding): number[] {
  return [...new Set(missingTexts.flatMap((text) => parseNumber(text.trim()) ?? []))]
}

function structureRow({ features }: Coding): RowCode {
  const names = uniqueIdentifiers(
    features.map(({ name }) => name),
    'column',
  )
  const helpers = new Set<string>()
  const lines: string[] = []
  let offset = 0
  for (const [index, feature] of features.entries()) {
    const call = encodeCall(feature, `row->${names[index]}`, index, offset)
    for (const helper of call.helpers) helpers.add(helper)
    lines.push(`  if (!${call.code}) return ${index + 1};`)
    offset += featureWidth(feature)
  }
  return {
    fields: features.map((feature, index) => fieldCode(feature, names[index], index)),
    helpers: [...helpers],
    lines,
  }
}

function fieldCode({ type, name }: FeatureCoding, field: string, index: number): string {
  const comment = `/* ${index + 1}: ${commentText(name)}, ${fieldComments[type]} */`
  return `  ${type === 'category' ? 'const char *' : 'double '}${field}; ${comment}`
}

const fieldComments: Readonly<Record<FeatureCoding['type'], string>> = {
  number: 'NAN where missing',
  category: 'UTF-8, NULL where missing',
  boolean: '0 or 1, NAN where missing',
  date: 'days since 1970-01-01, NAN where missing',
}

interface EncodeCall {
  helpers: string[]
  code: string
}

function encodeCall(feature: FeatureCoding, field: string, index: number, offset: number): EncodeCall {
  const into = `&inputs[${offset}]`
  const value = missingNumbers(feature).reduce(
    (code, number) => `(${field} == ${doubleLiteral(number)} ? NAN : ${code})`,
    field,
  )
  switch (feature.type) {
    case 'number': {
      const { offset: from, scale, imputation } = feature
      const numbers = [from, scale, imputation].map(doubleLiteral).join(', ')
      return { helpers: [numberHelper], code: `encode_number(${value}, ${numbers}, ${into})` }
    }
    case 'boolean': {
      const imputation = feature.imputation === undefined ? 'NAN' : `${Number(feature.imputation)}.0`
      return { helpers: [booleanHelper], code: `encode_boolean(${value}, ${imputation}, ${into})` }
    }
    case 'date':
      return dateCall(feature, value, index, into)
    case 'category':
      return categoryCall(feature, field, index, into)
    default:
      return feature satisfies never
  }
}

const booleanHelper = `
static int encode_boolean(double value, double imputation, float *x) {
  if (isnan(value)) value = imputation;
  *x = (float)value;
  return value == 0.0 || value == 1.0;
}`

const dateHelper = `
/* parts: offset and scale of the year, the month, the day of the week (0 is Monday) and the days since first. */
static int encode_date(double days, double first, double imputation, const double *parts, float *x) {
  double values[4];
  long day, era, of_era, year, of_year, month;
  int part;
  if (isnan(days)) days = imputation;
  if (!(fabs(days) <= 1e8)) return 0;
  day = (long)floor(days);
  /* Eras of 400 years from March 1 of the year 0. */
  era = (day + 719468 >= 0 ? day + 719468 : day + 719468 - 146096) / 146097;
  of_era = day + 719468 - era * 146097;
  year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  of_year = of_era - (365 * year + year / 4 - year / 100);
  month = (5 * of_year + 2) / 153;
  values[1] = (double)(month < 10 ? month + 3 : month - 9);
  values[0] = (double)(year + era * 400 + (month < 10 ? 0 : 1));
  values[2] = (double)(((day + 3) % 7 + 7) % 7);
  values[3] = days - first;
  for (part = 0; part < 4; part++) {
    x[part] = (float)((values[part] - parts[2 * part]) / parts[2 * part + 1]);
    if (!isfinite(x[part])) return 0;
  }
  return 1;
}`

const partNames = ['year', 'month', 'dayOfWeek', 'daysSinceFirst'] as const

function dateCall(
  { first, parts, imputation }: FeatureCoding & { type: 'date' },
  value: string,
  index: number,
  into: string,
): EncodeCall {
  const numbers = partNames.flatMap((name) => {
    const { offset = 0, scale = 1 } = parts.find(({ part }) => part === name) ?? {}
    return [offset, scale]
  })
  const table = `parts${index + 1}`
  return {
    helpers: [dateHelper, `static const double ${table}[8] = {${numbers.map(doubleLiteral).join(', ')}};`],
    code: `encode_date(${value}, ${doubleLiteral(first)}, ${doubleLiteral(imputation)}, ${table}, ${into})`,
  }
}

const categoryHelper = `
/* Ignores blanks around the text and the case of ASCII letters. */
static int is_missing(const char *text, const char *const *texts, int count) {
  size_t length, j;
  int i;
  while (*text == ' ' || (*text >= 9 && *text <= 13)) text++;
  length = strlen(text);
  while (length > 0 && (text[length - 1] == ' ' || (text[length - 1] >= 9 && text[length - 1] <= 13))) length--;
  if (length == 0) return 1;
  for (i = 0; i < count; i++) {
    if (strlen(texts[i]) != length) continue;
    for (j = 0; j < length; j++) {
      const char letter = text[j] >= 'A' && text[j] <= 'Z' ? (char)(text[j] - 'A' + 'a') : text[j];
      if (letter != texts[i][j]) break;
    }
    if (j == length) return 1;
  }
  return 0;
}

/* Unknown and missing categories, and those without training rows, whose name is NULL here, are zeros. */
static int encode_category(const char *text, const char *const *names, int count, int imputation,
                           const char *const *missing, int missing_count, float *x) {
  int i, found = -1;
  if (text == NULL) text = "";
  for (i = 0; i < count; i++) {
    x[i] = 0.0f;
    if (names[i] != NULL && strcmp(text, names[i]) == 0) found = i;
  }
  if (found < 0 && imputation >= 0 && is_missing(text, missing, missing_count)) found = imputation;
  if (found >= 0) x[found] = 1.0f;
  return 1;
}`

function categoryCall(
  { categories, unseen = [], imputation, missingTexts }: FeatureCoding & { type: 'category' },
  field: string,
  index: number,
  into: string,
): EncodeCall {
  const untrained = new Set(unseen)
  const names = categories.map((category) => (untrained.has(category) ? null : category))
  const filled = imputation === undefined ? -1 : names.indexOf(imputation)
  const missing = missingTexts?.map((text) => text.trim().toLowerCase()) ?? [...usualMissingTexts]
  const list = `categories${index + 1}`
  const texts = `missing${index + 1}`
  return {
    helpers: [
      categoryHelper,
      stringsCode(list, names),
      ...(filled < 0 || missing.length === 0 ? [] : [stringsCode(texts, missing)]),
    ],
    code: `encode_category(${[
      field,
      list,
      names.length,
      filled,
      ...(filled < 0 || missing.length === 0 ? ['NULL', 0] : [texts, missing.length]),
      into,
    ].join(', ')})`,
  }
}

/** An array of texts; null becomes NULL. */
export function stringsCode(name: string, texts: readonly (string | null)[]): string {
  const literals = texts.map((text) => `  ${text === null ? 'NULL' : stringLiteral(text)},`)
  return `static const char *const ${name}[${texts.length}] = {\n${literals.join('\n')}\n};`
}
