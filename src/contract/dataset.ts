/** A dataset: named columns over rows. Some columns are features, some are targets. */
import { z } from 'zod'
import { derivedCodingSchema } from './derived-feature.js'
import { text } from './text.js'

export const columnTypeSchema = z.enum(['number', 'category', 'boolean', 'date', 'ignored'])
export type ColumnType = z.infer<typeof columnTypeSchema>

/**
 * The value that replaces a missing cell: the mean of the training rows (for categories and booleans the
 * mode), or a constant.
 */
export const imputationSchema = z.union([
  z.literal('mean'),
  z.object({ constant: z.union([z.number(), z.string(), z.boolean()]) }),
])
export type Imputation = z.infer<typeof imputationSchema>

/** How to read 3/4/2024: as 3 April or as March 4. */
export const dateOrderSchema = z.enum(['dayFirst', 'monthFirst'])
export type DateOrder = z.infer<typeof dateOrderSchema>

const missingTexts = z
  .array(z.string())
  .optional()
  .describe('texts that mean a missing value, in lower case; absent for the default list')

export const columnSchema = z.object({
  name: z.string().describe('name in the header of the file'),
  type: columnTypeSchema.describe(
    'how its values are read: `number`, `category`, `boolean`, `date` or `ignored`',
  ),
  role: z
    .enum(['feature', 'target', 'none'])
    .describe('`feature`: an input of the network. `target`: what it predicts. `none`: ignored'),
  categories: z
    .array(z.string())
    .optional()
    .describe('names of the categories, sorted; for booleans `false` and `true`'),
  counts: z.array(z.int()).optional().describe('rows per category, in the order of `categories`'),
  min: z
    .number()
    .optional()
    .describe('lowest value of a number or date column; dates are in days since 1970-01-01'),
  max: z.number().optional().describe('highest value, as `min`'),
  mean: z.number().optional().describe('mean of the values, as `min`'),
  integers: z.boolean().optional().describe('whether every value of a number column is an integer'),
  decimal: z.literal('comma').optional().describe('present when the numbers have a decimal comma'),
  dateOrder: dateOrderSchema.optional().describe('for dates such as 3/4/2024'),
  missing: z.int().optional().describe('missing values in the file; absent for none'),
  imputation: imputationSchema
    .optional()
    .describe('replacement for missing values; absent when their rows are dropped'),
  missingTexts,
})
export type Column = z.infer<typeof columnSchema>

/** A column as stored: the rows encode a category as c, and `codes[c]` is its index in `categories`. */
export const storedColumnSchema = columnSchema.extend({ codes: z.array(z.int()).optional() })
export type StoredColumn = z.infer<typeof storedColumnSchema>

/** How number features and number targets are scaled for the network. */
export const scalingSchema = z.enum(['standardize', 'minMax', 'none'])
export type Scaling = z.infer<typeof scalingSchema>

/**
 * `month` counts from 1, `dayOfWeek` from 0 (Monday), `daysSinceFirst` from the earliest date of the training
 * rows.
 */
export const datePartSchema = z.enum(['year', 'month', 'dayOfWeek', 'daysSinceFirst'])
export type DatePart = z.infer<typeof datePartSchema>

/** How the network reads one feature. `imputation` replaces a missing value. */
export const featureCodingSchema = z.discriminatedUnion('type', [
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
   * Four numbers in the order of `parts`, each (value − offset) / scale. Dates are days since 1970-01-01 UTC,
   * and `first` is the earliest date of the training rows.
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
  /** One-hot: one number per category. No training row had a category of `unseen`. */
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
 * How the outputs of the network encode the target. `oneHot` has one output per class. `binary` has one
 * output, where ≥ ½ means the second class. `multiLabel` has one output for each of several boolean targets.
 */
export const targetCodingSchema = z.discriminatedUnion('type', [
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
      .describe('whether every target value of the dataset is 0 or 1, so that accuracy is defined'),
  }),
  z.object({ type: z.literal('oneHot'), name: z.string(), classes: z.array(z.string()) }),
  z.object({ type: z.literal('binary'), name: z.string(), classes: z.array(z.string()).length(2) }),
  z.object({ type: z.literal('multiLabel'), names: z.array(z.string()) }),
])
export type TargetCoding = z.infer<typeof targetCodingSchema>

/** The encoding of raw rows, learned from the training rows and stored with the model. */
export const codingSchema = z.object({
  features: z.array(featureCodingSchema),
  derived: z
    .array(derivedCodingSchema)
    .optional()
    .describe('inputs after those of the features, computed from number features; absent for none'),
  target: targetCodingSchema,
  ignored: z
    .array(z.string())
    .optional()
    .describe('other columns of the dataset; a prediction accepts and ignores them'),
  image: z
    .object({
      width: z.int(),
      height: z.int(),
      channels: z.union([z.literal(1), z.literal(3)]),
      white: z.number(),
    })
    .optional()
    .describe(
      'present when the features are the pixels of an image; `white` is the value of a white pixel, 1 or 255',
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
  columns: z.array(z.string()).describe('the columns concerned, at most ten'),
  message: z.string().describe('the finding, its effect, and the parameter that changes it'),
})
export type DatasetWarning = z.infer<typeof datasetWarningSchema>

export const imageSchema = z.object({
  width: z.int(),
  height: z.int(),
  channels: z.union([z.literal(1), z.literal(3)]),
})
export type ImageFormat = z.infer<typeof imageSchema>

export const datasetSchema = z.object({
  id: z.string().describe('a ds_… id or the name of a built-in'),
  object: z.literal('dataset'),
  name: z.string().nullable().describe('name given with the upload'),
  origin: z.enum(['builtIn', 'uploaded', 'inline']).describe('`inline`: rows in the request of a job'),
  rows: z.int().describe('number of rows, without those that were dropped'),
  columns: z.array(columnSchema).describe('columns in the order of the file'),
  target: z.string().nullable().describe('the target column, null unless there is exactly one'),
  classes: z.array(z.string()).nullable().describe('names of the classes of the target; null for numbers'),
  inputShape: z.array(z.int()).describe('default input shape of a network'),
  image: imageSchema.nullable().describe('null unless each row is an image'),
  scaling: scalingSchema.describe('default scaling of a job'),
  droppedRows: z.int().describe('rows of the file that were dropped because a value was missing'),
  warnings: z.array(datasetWarningSchema).describe('what may surprise in the file, with its effect'),
  bytes: z.int().describe('stored size in bytes'),
  sha256: z
    .string()
    .nullable()
    .describe('hash of rows and columns; null for built-ins and for datasets of earlier releases'),
  createdAt: z.iso
    .datetime()
    .nullable()
    .describe('time of the upload, in ISO 8601 and UTC; null for built-ins'),
})
export type Dataset = z.infer<typeof datasetSchema>

export const cellSchema = z.union([z.number(), z.string(), z.boolean(), z.null()])
export type Cell = z.infer<typeof cellSchema>

/** The dataset that a file would become. Nothing is stored. */
export const datasetPreviewSchema = datasetSchema
  .omit({ id: true, object: true, origin: true, scaling: true, bytes: true, sha256: true, createdAt: true })
  .extend({
    object: z.literal('preview'),
    sample: z
      .array(z.array(cellSchema))
      .describe('the first rows, at most 20, without the cells of ignored columns'),
    examples: z
      .array(z.object({ name: z.string(), texts: z.array(z.string()) }))
      .describe('at most five different cells of each column, as in the file; includes ignored columns'),
  })
export type DatasetPreview = z.infer<typeof datasetPreviewSchema>

export const datasetRowsSchema = z.object({
  object: z.literal('rows'),
  columns: z.array(z.string()).describe('names of the columns, without ignored ones'),
  offset: z.int().describe('offset of the first row among the selected rows, from 0'),
  numbers: z.array(z.int()).describe('index of each row in the dataset, from 0'),
  data: z.array(z.array(cellSchema)).describe('raw values, null where missing'),
  hasMore: z.boolean(),
})
export type DatasetRows = z.infer<typeof datasetRowsSchema>

const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0)
const rows = z.int().min(2).max(100_000)
const noise = (value: number) =>
  z.number().min(0).max(100).default(value).describe('standard deviation of the normal noise on each number')

/** Built-ins without settings. */
export const fixedDatasetNames = ['and', 'or', 'nand', 'xor', 'iris'] as const
export const generatedDatasetNames = ['parity', 'sine', 'blobs', 'moons', 'circles', 'spirals'] as const

/** A `ds_…` id, or the name of a built-in. The types of the client complete the examples. */
export const datasetNameSchema = text(100)
  .min(1)
  .meta({ examples: [...fixedDatasetNames, ...generatedDatasetNames] })

/** Two classes of points in the plane. */
export const planeDatasetSchema = z.strictObject({
  name: z.enum(['moons', 'circles', 'spirals']),
  rows: rows.default(300),
  noise: noise(0.1),
  seed,
})

/** A built-in dataset that a formula generates. The same request gives the same rows. */
export const generatedDatasetSchema = z.discriminatedUnion(
  'name',
  [
    z.strictObject({
      name: z.literal('parity'),
      inputs: z.int().min(1).max(16).default(4),
      rows: rows.optional().describe('rows drawn at random; default: each row of the truth table once'),
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
    planeDatasetSchema,
  ],
  { error: 'must be parity, sine, blobs, moons, circles or spirals; other built-ins have no settings' },
)
export type GeneratedDataset = z.infer<typeof generatedDatasetSchema>

/** The name and classes of the target, both null unless there is exactly one target. */
export function findTarget(columns: readonly Column[]): Pick<Dataset, 'target' | 'classes'> {
  const targets = columns.filter((column) => column.role === 'target')
  const target = targets.length === 1 ? targets[0] : undefined
  return { target: target?.name ?? null, classes: target?.categories ?? null }
}

/** How many network inputs one column takes. */
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

/** How many network inputs the features of a row take. The sample weight is not a feature. */
export function inputWidth(columns: readonly Column[], sampleWeight?: string): number {
  const features = columns.filter((column) => column.role === 'feature' && column.name !== sampleWeight)
  return features.reduce((sum, column) => sum + encodedWidth(column), 0)
}
