/**
 * The outputs of a network over a grid of its one or two inputs: a fitted curve, or a map with a decision
 * boundary.
 */
import { z } from 'zod'
import { derivedCodingSchema } from './derived-feature.js'
import { tensorSchema } from './model.js'

export const minimumBoundarySize = 2
export const maximumBoundarySize = 128
/** Maximum work of a frame, in floating-point operations of the predictions. */
export const maximumBoundaryOperations = 1e11

export const boundaryAxisSchema = z.object({
  column: z.string(),
  min: z.number().describe('raw value of the first point'),
  max: z.number().describe('raw value of the last point'),
})
export type BoundaryAxis = z.infer<typeof boundaryAxisSchema>

/**
 * Maximum parameters of a network whose weights are stored after some epochs, and are in its frames: 32 KiB an epoch, and
 * less than 5 MiB a job, for any number of epochs.
 */
export const maximumFrameParameters = 8_192

const boundaryWeightsSchema = z.object({
  inputs: z
    .array(z.object({ offset: z.number(), scale: z.number() }))
    .describe('how the network reads the value of each axis: (value − offset) / scale'),
  derived: z
    .array(
      derivedCodingSchema
        .omit({ of: true })
        .extend({ of: z.array(z.int()).describe('the axes that it is computed from, counted from 0') }),
    )
    .optional()
    .describe('further inputs, computed from the values of the axes; absent for none'),
  tensors: z.array(tensorSchema).describe('`offset` counts numbers'),
  values: z.base64().describe('the tensors one after the other, as little-endian float32'),
})

export const boundarySchema = z.object({
  type: z.literal('boundary'),
  epoch: z.int().min(0).describe('epochs trained so far, 0 for the initial weights'),
  axes: z.array(boundaryAxisSchema).min(1).max(2),
  size: z.int().describe('points along each axis, evenly spread from min to max'),
  outputs: z.int().describe('outputs of the network at each point'),
  range: z.tuple([z.number(), z.number()]).describe('lowest and highest output'),
  values: z
    .base64()
    .describe(
      'outputs as little-endian uint16, where v encodes low + v / 65535 · (high − low). The outputs of a point are ' +
        'adjacent, and the first axis varies fastest',
    ),
  weights: boundaryWeightsSchema
    .optional()
    .describe(
      `weights of the network, if the request has \`?weights=true\` and there are at most ${maximumFrameParameters}`,
    ),
})
export type Boundary = z.infer<typeof boundarySchema>
