/** Parses the parameters of `POST /datasets` that say how to read the columns of the file. */
import { z } from 'zod'
import { type ColumnType, columnTypeSchema, imputationSchema } from '../contract/dataset.js'
import { usualMissingTexts } from '../contract/missing-texts.js'
import {
  defaultPreparation,
  type LikeColumn,
  type MissingRule,
  type Preparation,
} from '../contract/preparation.js'

const maximumLength = 100_000
const missingRuleSchema = z.union([z.enum(['impute', 'drop']), imputationSchema], {
  error: 'must be impute, drop, mean or constant=VALUE (in JSON: {"constant": VALUE})',
})

/** A parameter in short form, or as JSON for names with commas or colons. */
export function shortOrJsonParameter<T>(
  fromShort: (text: string) => unknown,
  read: (value: unknown, context: z.RefinementCtx) => T,
) {
  return z
    .string()
    .max(maximumLength)
    .transform((given, context) => {
      // Files are normalized in the same way.
      const text = given.normalize('NFC')
      let value: unknown
      try {
        value = /^\s*[[{]/.test(text) ? JSON.parse(text) : fromShort(text)
      } catch {
        context.addIssue({ code: 'custom', message: 'starts like JSON but is not valid JSON' })
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
  context.addIssue({ code: 'custom', message: 'must be a list of at most 100 texts' })
  return z.NEVER
}

function readNames(value: unknown, context: z.RefinementCtx): string[] {
  const names = namesSchema.safeParse(value)
  if (names.success) return names.data
  context.addIssue({ code: 'custom', message: 'must be a list of at least one name' })
  return z.NEVER
}

/** Reads the properties of an object as pairs, so that a column may be called __proto__. */
function readPairs<T>(schema: z.ZodType<T>) {
  return (value: unknown, context: z.RefinementCtx): [name: string, value: T][] => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      context.addIssue({ code: 'custom', message: 'must be an object by column name' })
      return z.NEVER
    }
    return Object.entries(value).flatMap(([name, member]): [string, T][] => {
      const parsed = schema.safeParse(member)
      if (parsed.success) return [[name, parsed.data]]
      for (const { message } of parsed.error.issues) {
        context.addIssue({ code: 'custom', message: name === '' ? message : `${name}: ${message}` })
      }
      return []
    })
  }
}

/** Parses `a:x,b:y` into an object. A part without a colon gets the name ''. */
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
  target: shortOrJsonParameter((text) => text.split(',').map((name) => name.trim()), readNames)
    .optional()
    .describe(
      'target columns: `species`, `a,b`, or as JSON `["a,b"]`. Default: the target that the file names, else the last ' +
        'column that is not an index, id, date or row count. A few recurring whole numbers are then classes',
    ),
  types: shortOrJsonParameter(pairs, readPairs(typeSchema))
    .optional()
    .describe(
      'column types: `zip:category,id:ignored`, or as JSON `{"zip":"category"}`. A type is `number`, `category`, ' +
        '`boolean`, `date` or `ignored`. Default: inferred from all cells of the column',
    ),
  missing: shortOrJsonParameter(
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
  missingValues: shortOrJsonParameter((text) => text.split(',').map((word) => word.trim()), readTexts)
    .optional()
    .describe(
      'texts that mean a missing value: `NA,-99`, or as JSON. Default: ' +
        `${[...usualMissingTexts].map((text) => `\`${text}\``).join(', ')} in any case. An empty cell is always missing`,
    ),
}

function shortRule(rule: string): unknown {
  return rule.startsWith('constant=') ? { constant: rule.slice('constant='.length) } : rule
}

/** Builds the preparation from the parameters of a request. */
export function readPreparation(query: {
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
