/** Models, trained or constructed, and their predictions. */
import { z } from 'zod'
import { cellSchema, codingSchema } from './dataset.js'
import { metricsSchema } from './epoch.js'
import { evaluationSchema } from './evaluation.js'
import { hasAField, labelChangeFields, labelsSchema, noField } from './labels.js'
import { activationSchema, isTwoClassOutput, lastActivation, lossSchema, networkSchema } from './network.js'
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

/**
 * The position of a tensor in the stored weights, which are little-endian float32. `offset` counts numbers.
 */
export const tensorSchema = z.object({ name: z.string(), shape: z.array(z.int()), offset: z.int() })
export type Tensor = z.infer<typeof tensorSchema>

export const modelSchema = z.object({
  id: z.string().describe('a mdl_… id'),
  object: z.literal('model'),
  name: z.string().nullable().describe('by default the name of the job that trained it'),
  ...labelsSchema.shape,
  jobId: z.string().nullable().describe('the job that trained it; null for an imported or constructed model'),
  createdAt: z.iso.datetime(),
  network: networkSchema,
  loss: lossSchema,
  layers: z.array(layerSummarySchema),
  coding: codingSchema,
  columns: z.array(z.string()).describe('names of the inputs in row order'),
  classes: z.array(z.string()).nullable().describe('names of the classes; null for numbers'),
  metrics: metricsSchema.describe('metrics of the epoch whose weights this model has'),
  epoch: z
    .int()
    .nullable()
    .describe(
      'the epoch whose weights this model has; null for an imported or constructed model, or one of an older version',
    ),
  threshold: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe(
      'lowest probability of the second class at which it is predicted; null unless the model predicts it',
    ),
  parameters: z.int().describe('number of weights'),
  weightBytes: z.int().describe('size of the stored weights in bytes'),
  weightSha256: z.string().describe('hash of the stored weights'),
  links: z.object({
    self: z.string(),
    predict: z.string(),
    weights: z.string(),
    job: z.string().nullable(),
  }),
})
export type Model = z.infer<typeof modelSchema>

/** A single model. Lists omit the evaluation, which may be large. */
export const evaluatedModelSchema = modelSchema.extend({
  evaluation: evaluationSchema
    .nullable()
    .describe('null for an imported or constructed model, or one of an older version'),
})
export type EvaluatedModel = z.infer<typeof evaluatedModelSchema>

export const modelChangeSchema = z
  .strictObject({
    threshold: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('lowest probability of the second class at which it is predicted; only for two-class models'),
    ...labelChangeFields,
  })
  .refine(hasAField, noField)
  .meta({ examples: [{ threshold: 0.3, tags: ['fair'], metadata: { team: 'blue' } }] })
export type ModelChange = z.infer<typeof modelChangeSchema>

export const predictionSchema = z.object({
  output: z
    .array(z.number())
    .describe('outputs of the network: numbers in the unit of the target, or scores of the classes'),
  label: z.string().optional().describe('name of the predicted class; absent for numbers'),
  labels: z.array(z.string()).optional().describe('of several boolean targets, those predicted as true'),
  probabilities: z
    .record(z.string(), z.number())
    .optional()
    .describe('probability of each class by name; absent for numbers, and without softmax or sigmoid'),
  warnings: z
    .array(z.string())
    .optional()
    .describe('values that the model ignored, such as a category without training rows'),
})
export type Prediction = z.infer<typeof predictionSchema>

export const predictionsSchema = z.object({
  modelId: z.string().describe('the model that made all of the predictions'),
  version: z.int().optional().describe('its version, if the request named it by name'),
  predictions: z
    .array(predictionSchema.nullable())
    .describe('one per row, in order; null for a row with an error'),
  errors: z
    .array(
      z.object({
        row: z.int().describe('from 0'),
        pointer: z.string().describe('JSON Pointer to the value'),
        message: z.string().describe('what is wrong with it'),
      }),
    )
    .optional()
    .describe('rows without a prediction; if no row has one, the request fails'),
})

/** A row as raw values in column order or by column name. Null means a missing value. */
export const predictionInputSchema = z.union([z.array(cellSchema), z.record(z.string(), cellSchema)])
/** The maximum number of rows in a prediction request. */
export const maximumPredictionRows = 10_000

export const predictionRequestSchema = z
  .strictObject({
    inputs: z.array(predictionInputSchema).min(1).max(maximumPredictionRows),
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

/** Each further input doubles the truth table, and with it the hidden units. */
const maximumInputs = 16

/**
 * A Boolean function, given by the rows of its truth table where it is 1. A row's number is its inputs as a
 * binary number, with the first input as the most significant bit: row 6 of three inputs is 1, 1, 0.
 */
export const normalFormSchema = z
  .strictObject({
    inputs: z
      .int()
      .min(1)
      .max(maximumInputs, {
        error: `must be at most ${maximumInputs}, because the network needs a unit for each true row`,
      }),
    trueRows: z
      .array(z.int().min(0))
      .max(2 ** maximumInputs)
      .describe('true rows of the truth table; the first input is the most significant bit'),
  })
  .superRefine(({ inputs, trueRows }, { addIssue }) => {
    const firstIndexes = new Map<number, number>()
    for (const [index, row] of trueRows.entries()) {
      const first = firstIndexes.get(row)
      const message =
        row >= 2 ** inputs
          ? `must be at most ${2 ** inputs - 1}, the last row of ${inputs} inputs`
          : first !== undefined
            ? `repeats row ${row} of index ${first}`
            : undefined
      if (message !== undefined) {
        addIssue({ code: 'custom', path: ['trueRows', index], message })
        return
      }
      firstIndexes.set(row, index)
    }
  })

export const constructionSchema = z.strictObject({
  dnf: normalFormSchema.describe(
    'disjunctive normal form: a threshold unit for each true row, and one for their disjunction',
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

/**
 * Whether a threshold selects between two classes. Other models predict the class with the largest output.
 */
export function hasThreshold({ coding: { target }, network }: Pick<Model, 'coding' | 'network'>): boolean {
  if (!('classes' in target) || target.classes.length !== 2) return false
  return isTwoClassOutput(target.type === 'binary' ? 1 : 2, lastActivation(network))
}
