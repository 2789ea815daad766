/** How an upload’s columns are to be read: what `POST /datasets` takes beside the file. */
import { z } from 'zod'
import {
  type Column,
  type ColumnType,
  columnTypeSchema,
  type Imputation,
  imputationSchema,
} from './dataset.js'
import { usualMissingTexts } from './missing-texts.js'

/**
 * What happens to a missing value: `impute` is the default (a number is the mean of the training rows, a missing
 * category is a category of its own), `drop` leaves the row out, and an imputation names what stands in for it.
 */
export type MissingRule = 'impute' | 'drop' | Imputation

export interface Preparation {
  /** Names of the target columns; chosen by the file when left out. */
  target?: string[] | undefined
  types: { name: string; type: ColumnType }[]
  missing: { everywhere: MissingRule; columns: { name: string; rule: MissingRule }[] }
  /** Texts that stand for a missing value; the usual ones when left out. */
  missingValues?: string[] | undefined
  /** Columns whose types, roles and missing values this file is read with; what is said of a column by name wins. */
  like?: LikeColumn[] | undefined
  /** Found out column by column when left out. */
  decimal?: 'comma' | 'point' | undefined
}

/** What is taken over of a column of another dataset, or of a model. */
export type LikeColumn = Pick<
  Column,
  'name' | 'type' | 'role' | 'imputation' | 'dateOrder' | 'decimal' | 'missingTexts'
> & {
  /** Rows with gaps are wanted, whatever stands in for them. */
  keepsGaps?: boolean
  /** Of a target: what its values are, also where such a word means a missing value elsewhere. */
  classes?: string[]
}

export const defaultPreparation: Preparation = { types: [], missing: { everywhere: 'impute', columns: [] } }

const maximumLength = 100_000
const missingRuleSchema = z.union([z.enum(['impute', 'drop']), imputationSchema], {
  error: 'must be impute, drop, mean or constant=VALUE (in JSON: {"constant": VALUE})',
})

/** A parameter in short form or, for names that have commas or colons in them, as JSON. */
function parameter<T>(
  fromShort: (text: string) => unknown,
  read: (value: unknown, context: z.RefinementCtx) => T,
) {
  return z
    .string()
    .max(maximumLength)
    .transform((given, context) => {
      // Files are read in Unicode's composed form, too.
      const text = given.normalize('NFC')
      let value: unknown
      try {
        value = /^\s*[[{]/.test(text) ? JSON.parse(text) : fromShort(text)
      } catch {
        context.addIssue({ code: 'custom', message: 'begins like JSON, but is none' })
        return z.NEVER
      }
      return read(value, context)
    })
}

const namesSchema = z.array(z.string().min(1)).min(1)
const textsSchema = z.array(z.string()).max(100)

function readTexts(value: unknown, context: z.RefinementCtx): string[] {
  const texts = textsSchema.safeParse(value)
  if (texts.success) return texts.data
  context.addIssue({ code: 'custom', message: 'must be a list of texts, at most 100' })
  return z.NEVER
}

function readNames(value: unknown, context: z.RefinementCtx): string[] {
  const names = namesSchema.safeParse(value)
  if (names.success) return names.data
  context.addIssue({ code: 'custom', message: 'must be a list of names, with at least one' })
  return z.NEVER
}

/** Reads an object as pairs of its own properties, so that a column called __proto__ is only a name. */
function readPairs<T>(schema: z.ZodType<T>) {
  return (value: unknown, context: z.RefinementCtx): [name: string, value: T][] => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      context.addIssue({ code: 'custom', message: 'must be an object of columns' })
      return z.NEVER
    }
    return Object.entries(value).flatMap(([name, each]): [string, T][] => {
      const parsed = schema.safeParse(each)
      if (parsed.success) return [[name, parsed.data]]
      for (const { message } of parsed.error.issues) {
        context.addIssue({ code: 'custom', message: name === '' ? message : `${name}: ${message}` })
      }
      return []
    })
  }
}

/** `a:x,b:y` as an object; what has no colon is given to the name ''. */
function pairs(text: string): object {
  const parts = text.split(',').map((part): [string, string] => {
    const constant = part.indexOf(':constant=')
    const colon = constant < 0 ? part.lastIndexOf(':') : constant
    return [part.slice(0, Math.max(0, colon)).trim(), part.slice(colon + 1).trim()]
  })
  return Object.fromEntries(parts)
}

const typeSchema = z.enum(columnTypeSchema.options, {
  error: `must be one of ${columnTypeSchema.options.join(', ')}, as in zip:category`,
})

export const preparationParameters = {
  target: parameter((text) => text.split(',').map((name) => name.trim()), readNames)
    .optional()
    .describe(
      'target columns: `species`, `a,b`, or as JSON `["a,b"]`. Default: the target that the file names, else the last ' +
        'column that is not an index, id, date or row count; a few recurring whole numbers are then classes',
    ),
  types: parameter(pairs, readPairs(typeSchema))
    .optional()
    .describe(
      'column types: `zip:category,id:ignored`, or as JSON `{"zip":"category"}`. A type is `number`, `category`, ' +
        '`boolean`, `date` or `ignored`. Default: inferred from all cells of the column',
    ),
  missing: parameter(
    (text) => Object.fromEntries(Object.entries(pairs(text)).map(([name, rule]) => [name, shortRule(rule)])),
    readPairs(missingRuleSchema),
  )
    .optional()
    .describe(
      'rule for missing values, for all columns or by column: `mean,city:constant=unknown,age:drop`, or as JSON ' +
        '`{"":"mean","city":{"constant":"unknown"}}`. `impute` (default) fills a number with the mean of the training ' +
        'rows and makes a missing category a separate category. `drop` drops the row. `mean` fills a number with the ' +
        'mean, and a category or boolean with the most frequent value',
    ),
  missingValues: parameter((text) => text.split(',').map((word) => word.trim()), readTexts)
    .optional()
    .describe(
      'texts that mean a missing value: `NA,-99`, or as JSON. Default: ' +
        `${[...usualMissingTexts].map((text) => `\`${text}\``).join(', ')} in any case. An empty cell is always missing`,
    ),
}

function shortRule(rule: string): unknown {
  return rule.startsWith('constant=') ? { constant: rule.slice('constant='.length) } : rule
}

/** What the parameters of a request ask for. */
export function preparationOf(query: {
  target?: string[] | undefined
  types?: [string, ColumnType][] | undefined
  missing?: [string, MissingRule][] | undefined
  missingValues?: string[] | undefined
  decimal?: 'comma' | 'point' | undefined
  like?: LikeColumn[] | undefined
}): Preparation {
  const { target, types = [], missing = [], missingValues, decimal, like } = query
  const columns = missing.filter(([name]) => name !== '').map(([name, rule]) => ({ name, rule }))
  const everywhere = missing.find(([name]) => name === '')?.[1] ?? defaultPreparation.missing.everywhere
  const typesByName = types.map(([name, type]) => ({ name, type }))
  return { target, types: typesByName, missing: { everywhere, columns }, missingValues, decimal, like }
}
