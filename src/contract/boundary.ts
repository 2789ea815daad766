/**
 * The outputs of a network over a grid of its one or two inputs: a fitted curve, or a map with a decision
 * boundary.
 */
import { z } from 'zod'

export const minimumBoundarySize = 2
export const maximumBoundarySize = 128

export const boundaryAxisSchema = z.object({
  column: z.string(),
  min: z.number().describe('raw value of the first point'),
  max: z.number().describe('raw value of the last point'),
})
export type BoundaryAxis = z.infer<typeof boundaryAxisSchema>

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
})
export type Boundary = z.infer<typeof boundarySchema>
