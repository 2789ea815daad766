/** What a network of one or two inputs answers all over a grid: a fitted curve, or the map with the decision boundary. */
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
  epoch: z.int().min(0).describe('epochs that the network had been trained for; 0: as it was initialized'),
  axes: z.array(boundaryAxisSchema).min(1).max(2),
  size: z.int().describe('points along each axis, evenly spread from min to max'),
  outputs: z.int().describe('numbers the network answers at each point'),
  range: z.tuple([z.number(), z.number()]).describe('least and greatest of all the numbers'),
  values: z
    .base64()
    .describe(
      'uint16 little-endian, one for each output of each point: v stands for low + v / 65535 · (high − low). ' +
        'The first axis runs fastest among the points, the outputs of a point lie together',
    ),
})
export type Boundary = z.infer<typeof boundarySchema>
