/** The header of a checkpoint: the position of the training and the layout of its buffers. */
import { z } from 'zod'

export const checkpointHeaderSchema = z.object({
  position: z.object({ epoch: z.int(), step: z.int(), lossSum: z.number(), right: z.number() }),
  /** The seed of the training. Random numbers derive from the seed and the position. */
  seed: z.int(),
  ended: z.enum(['finished', 'earlyStopped', 'diverged']).nullable(),
  watch: z.object({ best: z.number().nullable(), bestEpoch: z.int().nullish(), waited: z.int() }).nullable(),
  /** Buffers of the training state, and of the best weights that early stopping keeps. */
  buffers: z.array(
    z.object({ of: z.enum(['state', 'best']), name: z.string(), offset: z.int(), length: z.int() }),
  ),
})
export type CheckpointHeader = z.infer<typeof checkpointHeaderSchema>
