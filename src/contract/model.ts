/** A model, trained or constructed, and what it answers. */
import { z } from 'zod'
import { cellSchema, codingSchema } from './dataset.js'
import { metricsSchema } from './epoch.js'
import { evaluationSchema } from './evaluation.js'
import { activationSchema, lastActivation, lossSchema, networkSchema, tellsTwoClasses } from './network.js'
import { text } from './text.js'

export const layerSummarySchema = z.object({
  index: z.int(),
  type: z.string(),
  activation: activationSchema.optional(),
  inputShape: z.array(z.int()),
  outputShape: z.array(z.int()),
  parameters: z.int(),
})
export type LayerSummary = z.infer<typeof layerSummarySchema>

/** Where a tensor lies in the stored weights: float32 little-endian, `offset` counted in numbers. */
export const tensorSchema = z.object({ name: z.string(), shape: z.array(z.int()), offset: z.int() })
export type Tensor = z.infer<typeof tensorSchema>

export const modelSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  name: z.string().nullable().describe("the job's, of a trained model"),
  jobId: z.string().nullable().describe('null for a constructed model'),
  createdAt: z.iso.datetime(),
  network: networkSchema,
  loss: lossSchema,
  layers: z.array(layerSummarySchema),
  coding: codingSchema,
  columns: z.array(z.string()).describe('names of the inputs, in the order of a row'),
  classes: z.array(z.string()).nullable(),
  metrics: metricsSchema.describe('of the epoch whose weights this model holds'),
  epoch: z
    .int()
    .nullable()
    .describe(
      'whose weights this model holds; null for a constructed model, or one trained by an older version',
    ),
  threshold: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe(
      'probability of the second class from which on it is the answer; null where the model gives none',
    ),
  parameters: z.int(),
  weightBytes: z.int(),
  weightSha256: z.string(),
  links: z.object({
    self: z.string(),
    predict: z.string(),
    weights: z.string(),
    job: z.string().nullable(),
  }),
})
export type Model = z.infer<typeof modelSchema>

/** As it is looked at alone; lists leave out what may be large. */
export const evaluatedModelSchema = modelSchema.extend({
  evaluation: evaluationSchema
    .nullable()
    .describe('null for a model that was constructed, or trained by an older version'),
})
export type EvaluatedModel = z.infer<typeof evaluatedModelSchema>

export const modelChangeSchema = z
  .strictObject({
    threshold: z
      .number()
      .min(0)
      .max(1)
      .describe(
        'probability of the second class from which on it is the answer; only for models of two classes',
      ),
  })
  .meta({ examples: [{ threshold: 0.3 }] })
export type ModelChange = z.infer<typeof modelChangeSchema>

export const predictionSchema = z.object({
  output: z.array(z.number()),
  label: z.string().optional(),
  labels: z.array(z.string()).optional().describe('of several yes-or-no targets, those that are likely'),
  probabilities: z.record(z.string(), z.number()).optional(),
  warnings: z
    .array(z.string())
    .optional()
    .describe('what the model could not use of this row, such as a category that no training row had'),
})
export type Prediction = z.infer<typeof predictionSchema>

export const predictionsSchema = z.object({
  modelId: z.string(),
  predictions: z
    .array(predictionSchema.nullable())
    .describe('one for each row, in order; null for a row with an error'),
  errors: z
    .array(z.object({ row: z.int().describe('from 0'), pointer: z.string(), message: z.string() }))
    .optional()
    .describe('rows that could not be answered; when no row can be, the whole request is refused'),
})

/** A row as raw values in column order, or by column name; null where a value is missing. */
export const predictionInputSchema = z.union([z.array(cellSchema), z.record(z.string(), cellSchema)])
export const predictionRequestSchema = z
  .strictObject({
    inputs: z.array(predictionInputSchema).min(1).max(10_000),
  })
  .meta({
    examples: [
      {
        inputs: [
          [0, 1],
          [1, 1],
        ],
      },
    ],
  })

/** Twice as many rows of the truth table, and perhaps hidden units, for each further input. */
const maximumInputs = 16

/**
 * A Boolean function by the rows of its truth table where it is 1. A row's number is its inputs read as a binary
 * number, the first input the most significant bit: of three inputs, row 6 is 1, 1, 0.
 */
const normalFormSchema = z
  .strictObject({
    inputs: z
      .int()
      .min(1)
      .max(maximumInputs, {
        error: `must be at most ${maximumInputs}: a network may need a unit for every row`,
      }),
    trueRows: z
      .array(z.int().min(0))
      .max(2 ** maximumInputs)
      .describe('rows of the truth table that are true; the first input is the most significant bit'),
  })
  .superRefine(({ inputs, trueRows }, { addIssue }) => {
    const places = new Map<number, number>()
    for (const [place, row] of trueRows.entries()) {
      const first = places.get(row)
      const message =
        row >= 2 ** inputs
          ? `must be at most ${2 ** inputs - 1}, the last row of ${inputs} inputs`
          : first !== undefined
            ? `is row ${row} again, which stands at ${first} already`
            : undefined
      if (message !== undefined) {
        addIssue({ code: 'custom', path: ['trueRows', place], message })
        return
      }
      places.set(row, place)
    }
  })

const constructionSchema = z.strictObject({
  dnf: normalFormSchema.describe(
    'disjunctive normal form: a threshold unit for each true row, and one that is their OR',
  ),
})
export type Construction = z.infer<typeof constructionSchema>

export const modelRequestSchema = z
  .strictObject({
    name: text(200).min(1).optional(),
    construct: constructionSchema.describe('how to build the network without training'),
  })
  .meta({ examples: [{ name: 'xor', construct: { dnf: { inputs: 2, trueRows: [1, 2] } } }] })
export type ModelRequest = z.infer<typeof modelRequestSchema>

/** Whether a threshold decides between the two classes of a model: those of others are told apart by the larger output. */
export function hasThreshold({ coding: { target }, network }: Pick<Model, 'coding' | 'network'>): boolean {
  if (!('classes' in target) || target.classes.length !== 2) return false
  return tellsTwoClasses(target.type === 'binary' ? 1 : 2, lastActivation(network))
}
