/** The part of a checkpoint that is no array of numbers: where the training stands, and where the arrays lie. */
import { z } from 'zod'

export const checkpointHeaderSchema = z.object({
  position: z.object({ epoch: z.int(), step: z.int(), lossSum: z.number(), right: z.number() }),
  /** The training's: random numbers follow from it and the position. */
  seed: z.int(),
  ended: z.enum(['finished', 'earlyStopped', 'diverged']).nullable(),
  watch: z.object({ best: z.number().nullable(), bestEpoch: z.int().nullish(), waited: z.int() }).nullable(),
  /** Buffers by name: of the training itself, and of the best weights kept by early stopping. */
  buffers: z.array(
    z.object({ of: z.enum(['state', 'best']), name: z.string(), offset: z.int(), length: z.int() }),
  ),
})
export type CheckpointHeader = z.infer<typeof checkpointHeaderSchema>
