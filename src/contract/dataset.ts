/** What a dataset is: named columns over rows, some of them features, some targets. */
import { z } from 'zod'

export const columnTypeSchema = z.enum(['number', 'category', 'boolean', 'date', 'ignored'])
export type ColumnType = z.infer<typeof columnTypeSchema>

/** What stands in for a missing cell: the training rows’ mean (of a category or boolean: the most frequent), or a constant. */
export const imputationSchema = z.union([
  z.literal('mean'),
  z.object({ constant: z.union([z.number(), z.string(), z.boolean()]) }),
])
export type Imputation = z.infer<typeof imputationSchema>

/** How 3/4/2024 is read: as the 3rd of April, or as March 4th. */
export const dateOrderSchema = z.enum(['dayFirst', 'monthFirst'])
export type DateOrder = z.infer<typeof dateOrderSchema>

const missingTexts = z
  .array(z.string())
  .optional()
  .describe('texts that stand for a missing value, in small letters; left out where they are the usual ones')

export const columnSchema = z.object({
  name: z.string(),
  type: columnTypeSchema,
  role: z.enum(['feature', 'target', 'none']).describe('`none` for an ignored column'),
  categories: z
    .array(z.string())
    .optional()
    .describe('names of the categories, sorted; false and true of a boolean'),
  counts: z.array(z.int()).optional().describe('rows of each category, in the order of `categories`'),
  min: z
    .number()
    .optional()
    .describe(
      'of a number column, over the rows that have a value; of a date column in days since 1970-01-01',
    ),
  max: z.number().optional(),
  mean: z.number().optional(),
  integers: z.boolean().optional().describe('of a number column: every value is a whole number'),
  decimal: z.literal('comma').optional().describe('set where the numbers of the file have a decimal comma'),
  dateOrder: dateOrderSchema.optional().describe('of a date column whose dates are written like 3/4/2024'),
  missing: z.int().optional().describe('cells without a value in the file; left out when there were none'),
  imputation: imputationSchema
    .optional()
    .describe('what stands in for a missing value; left out where such rows are dropped'),
  missingTexts,
})
export type Column = z.infer<typeof columnSchema>

/** A column as it is kept: `codes[c]` is the place in `categories` of the text that the stored rows write as c. */
export const storedColumnSchema = columnSchema.extend({ codes: z.array(z.int()).optional() })
export type StoredColumn = z.infer<typeof storedColumnSchema>

/** How numbers enter the network: features, and targets that are trained as numbers. */
export const scalingSchema = z.enum(['standardize', 'minMax', 'none'])
export type Scaling = z.infer<typeof scalingSchema>

/** `month` counts from 1, `dayOfWeek` from 0 (Monday), `daysSinceFirst` from the earliest date of the training rows. */
export const datePartSchema = z.enum(['year', 'month', 'dayOfWeek', 'daysSinceFirst'])
export type DatePart = z.infer<typeof datePartSchema>

/** How one feature's raw value enters the network; `imputation` is what a missing value counts as. */
const featureCodingSchema = z.discriminatedUnion('type', [
  /** One number: (value − offset) / scale. */
  z.object({
    type: z.literal('number'),
    name: z.string(),
    offset: z.number(),
    scale: z.number(),
    imputation: z.number().optional(),
    missingTexts,
    decimal: z.literal('comma').optional(),
  }),
  /**
   * Four numbers, in the order of `parts`: each is (value − offset) / scale. `first` is the earliest date of the
   * training rows; dates are days since 1970-01-01 UTC.
   */
  z.object({
    type: z.literal('date'),
    name: z.string(),
    first: z.number(),
    parts: z.array(z.object({ part: datePartSchema, offset: z.number(), scale: z.number() })),
    imputation: z.number().optional(),
    missingTexts,
    dateOrder: dateOrderSchema.optional(),
  }),
  /** One-hot: a number for each category, 1 where it is the value's. Of `unseen` ones no row was trained on. */
  z.object({
    type: z.literal('category'),
    name: z.string(),
    categories: z.array(z.string()),
    unseen: z.array(z.string()).optional(),
    imputation: z.string().optional(),
    missingTexts,
  }),
  /** One number, 0 or 1. */
  z.object({
    type: z.literal('boolean'),
    name: z.string(),
    imputation: z.boolean().optional(),
    missingTexts,
  }),
])
export type FeatureCoding = z.infer<typeof featureCodingSchema>

/**
 * How the network's outputs read as a target. `oneHot`: one output a class; `binary`: one output, ≥ ½ is the second
 * class; `multiLabel`: one output for each of several yes-or-no targets.
 */
const targetCodingSchema = z.discriminatedUnion('type', [
  /** With `scaling`, output i is trained as (value − offset[i]) / scale[i]. */
  z.object({
    type: z.literal('number'),
    names: z.array(z.string()),
    scaling: z
      .object({ method: scalingSchema, offset: z.array(z.number()), scale: z.array(z.number()) })
      .optional(),
    binary: z
      .boolean()
      .optional()
      .describe('every target value of the dataset is 0 or 1, so that answers are right or wrong'),
  }),
  z.object({ type: z.literal('oneHot'), name: z.string(), classes: z.array(z.string()) }),
  z.object({ type: z.literal('binary'), name: z.string(), classes: z.array(z.string()).length(2) }),
  z.object({ type: z.literal('multiLabel'), names: z.array(z.string()) }),
])
export type TargetCoding = z.infer<typeof targetCodingSchema>

/** Everything learned from the training rows that raw inputs need; it travels with the model. */
export const codingSchema = z.object({
  features: z.array(featureCodingSchema),
  target: targetCodingSchema,
  ignored: z
    .array(z.string())
    .optional()
    .describe('other columns of the dataset: a row to predict from may have them, and they do not count'),
  image: z
    .object({
      width: z.int(),
      height: z.int(),
      channels: z.union([z.literal(1), z.literal(3)]),
      white: z.number(),
    })
    .optional()
    .describe(
      'when the features are the pixels of a picture; `white` is the value of the brightest one, 1 or 255',
    ),
})
export type Coding = z.infer<typeof codingSchema>

export const datasetWarningSchema = z.object({
  code: z.enum([
    'constant-column',
    'rare-class',
    'many-categories',
    'numbers-as-text',
    'mixed-column',
    'ignored-column',
    'dropped-rows',
    'imputed-values',
    'mixed-scales',
    'imbalanced-target',
    'possible-leak',
    'identifier-column',
    'free-text',
    'date-column',
    'mostly-missing',
    'decimal-comma',
    'large-integers',
    'numbers-as-classes',
    'missing-as-class',
    'assumption',
  ]),
  columns: z.array(z.string()).describe('the columns meant, at most ten of them'),
  message: z
    .string()
    .describe('what was seen and what follows, and at its end the parameter that changes it'),
})
export type DatasetWarning = z.infer<typeof datasetWarningSchema>

export const imageSchema = z.object({
  width: z.int(),
  height: z.int(),
  channels: z.union([z.literal(1), z.literal(3)]),
})
export type ImageFormat = z.infer<typeof imageSchema>

export const datasetSchema = z.object({
  id: z.string().describe('a ds_… id, or the name of a built-in'),
  object: z.literal('dataset'),
  name: z.string().nullable(),
  origin: z.enum(['builtIn', 'uploaded', 'inline']),
  rows: z.int(),
  columns: z.array(columnSchema),
  target: z.string().nullable().describe('the target column, when there is one'),
  classes: z.array(z.string()).nullable(),
  inputShape: z.array(z.int()).describe('of a row as a network takes it, unless a job says otherwise'),
  image: imageSchema.nullable().describe('when each row is a picture'),
  scaling: scalingSchema.describe('of a job that does not choose'),
  droppedRows: z.int().describe('rows of the file that were left out because a value was missing'),
  warnings: z.array(datasetWarningSchema),
  bytes: z.int().describe('as stored'),
  createdAt: z.iso.datetime().nullable(),
})
export type Dataset = z.infer<typeof datasetSchema>

export const cellSchema = z.union([z.number(), z.string(), z.boolean(), z.null()])
export type Cell = z.infer<typeof cellSchema>

/** What a file would be as a dataset; nothing of it is stored. */
export const datasetPreviewSchema = datasetSchema
  .omit({ id: true, object: true, origin: true, scaling: true, bytes: true, createdAt: true })
  .extend({
    object: z.literal('preview'),
    sample: z
      .array(z.array(cellSchema))
      .describe('the first rows, at most 20; a row has a cell for each column that is not ignored'),
    examples: z
      .array(z.object({ name: z.string(), texts: z.array(z.string()) }))
      .describe(
        'of every column of the file, ignored ones too, at most five different cells as they are written',
      ),
  })
export type DatasetPreview = z.infer<typeof datasetPreviewSchema>

export const datasetRowsSchema = z.object({
  object: z.literal('rows'),
  columns: z.array(z.string()).describe('names of the cells of a row; ignored columns are left out'),
  offset: z.int().describe('place of the first of these rows among those asked about, from 0'),
  numbers: z.array(z.int()).describe('the number of each row in its dataset, from 0'),
  data: z.array(z.array(cellSchema)).describe('raw values, null where missing'),
  hasMore: z.boolean(),
})
export type DatasetRows = z.infer<typeof datasetRowsSchema>

const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0)
const rows = z.int().min(2).max(100_000)
const noise = (value: number) =>
  z.number().min(0).max(100).default(value).describe('standard deviation of the normal noise on each number')

export const generatedDatasetNames = ['parity', 'sine', 'blobs', 'moons', 'circles', 'spirals'] as const

/** A built-in dataset drawn by formula; the same request gives the same rows. */
export const generatedDatasetSchema = z.discriminatedUnion(
  'name',
  [
    z.strictObject({
      name: z.literal('parity'),
      inputs: z.int().min(1).max(16).default(4),
      rows: rows.optional().describe('rows drawn at random; the whole truth table, once, when left out'),
      seed,
    }),
    z.strictObject({ name: z.literal('sine'), rows: rows.default(200), noise: noise(0), seed }),
    z.strictObject({
      name: z.literal('blobs'),
      classes: z.int().min(2).max(10).default(3),
      rows: rows.default(300),
      noise: noise(0.5),
      seed,
    }),
    z.strictObject({
      name: z.enum(['moons', 'circles', 'spirals']),
      rows: rows.default(300),
      noise: noise(0.1),
      seed,
    }),
  ],
  { error: 'must be parity, sine, blobs, moons, circles or spirals: only these take settings' },
)
export type GeneratedDataset = z.infer<typeof generatedDatasetSchema>

/** The target's name and classes, where there is exactly one target. */
export function targetOf(columns: readonly Column[]): Pick<Dataset, 'target' | 'classes'> {
  const targets = columns.filter((column) => column.role === 'target')
  const target = targets.length === 1 ? targets[0] : undefined
  return { target: target?.name ?? null, classes: target?.categories ?? null }
}

/** Numbers that one column gives the network. */
export function encodedWidth({ type, categories = [] }: Pick<Column, 'type' | 'categories'>): number {
  switch (type) {
    case 'number':
    case 'boolean':
      return 1
    case 'category':
      return categories.length
    case 'date':
      return datePartSchema.options.length
    case 'ignored':
      return 0
    default:
      return type satisfies never
  }
}

/** Numbers that all features of a row give the network; the column of a job's sample weights is none of them. */
export function inputWidth(columns: readonly Column[], sampleWeight?: string): number {
  const features = columns.filter((column) => column.role === 'feature' && column.name !== sampleWeight)
  return features.reduce((sum, column) => sum + encodedWidth(column), 0)
}
