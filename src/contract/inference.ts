/** The objects of the Open Inference Protocol V2 (REST), and of its binary tensor data extension. */
import { z } from 'zod'
import { text } from './text.js'

/** Types of tensor elements. FP16 is not accepted: JSON cannot represent it. */
export const tensorTypes = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP32',
  'FP64',
  'BYTES',
] as const
export type TensorType = (typeof tensorTypes)[number]

const parametersSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/** Checked element by element when the type of the tensor is known. */
const tensorDataSchema = z.array(z.unknown()).meta({
  items: {
    anyOf: [
      { type: 'number' },
      { type: 'string' },
      { type: 'boolean' },
      { type: 'null' },
      { type: 'array', items: {} },
    ],
  },
  description: 'the elements in row-major order, flat or nested; null is a missing number',
})

export const requestInputSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)).max(8),
  datatype: z.enum(tensorTypes),
  parameters: parametersSchema
    .optional()
    .describe('`binary_data_size`: bytes of this tensor after the JSON, instead of `data`'),
  data: tensorDataSchema.optional(),
})
export type RequestInput = z.infer<typeof requestInputSchema>

export const requestOutputSchema = z.object({
  name: z.string(),
  parameters: parametersSchema
    .optional()
    .describe('`binary_data`: whether to send this tensor after the JSON'),
})

/** The maximum number of columns of a dataset. */
const maximumTensors = 10_000

export const inferenceRequestSchema = z
  .object({
    id: text(1_000).optional().describe('returned in the response'),
    parameters: parametersSchema
      .optional()
      .describe('`binary_data_output`: whether to send all tensors after the JSON'),
    inputs: z
      .array(requestInputSchema)
      .max(maximumTensors)
      .describe('all inputs of the model, of the same number of rows'),
    outputs: z
      .array(requestOutputSchema)
      .max(maximumTensors)
      .optional()
      .describe('all outputs of the model by default'),
  })
  .meta({
    examples: [
      {
        id: '42',
        inputs: [
          { name: 'x1', shape: [2, 1], datatype: 'FP64', data: [0, 1] },
          { name: 'x2', shape: [2, 1], datatype: 'FP64', data: [1, 1] },
        ],
      },
    ],
  })
export type InferenceRequest = z.infer<typeof inferenceRequestSchema>

export const responseOutputSchema = z.object({
  name: z.string(),
  shape: z.array(z.int()),
  datatype: z.enum(tensorTypes),
  parameters: parametersSchema.optional(),
  data: z.array(z.union([z.number(), z.string(), z.boolean()])).optional(),
})
export type ResponseOutput = z.infer<typeof responseOutputSchema>

export const inferenceResponseSchema = z.object({
  model_name: z.string(),
  model_version: z.string().optional().describe('of a registered name'),
  id: z.string().optional(),
  outputs: z.array(responseOutputSchema),
})
export type InferenceResponse = z.infer<typeof inferenceResponseSchema>

export const tensorMetadataSchema = z.object({
  name: z.string(),
  datatype: z.enum(tensorTypes),
  shape: z.array(z.int()).describe('-1 is the number of rows'),
})

export const modelMetadataSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()).optional().describe('of a registered name, the version of this answer'),
  platform: z.string(),
  inputs: z.array(tensorMetadataSchema),
  outputs: z.array(tensorMetadataSchema),
})
export type ModelMetadata = z.infer<typeof modelMetadataSchema>

export const serverMetadataSchema = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
})

export const inferenceLivenessSchema = z.object({ live: z.literal(true) })

export const inferenceReadinessSchema = inferenceLivenessSchema.extend({ ready: z.literal(true) })

export const modelReadinessSchema = z.object({ name: z.string(), ready: z.literal(true) })

export const inferenceErrorSchema = z.object({ error: z.string() })
