/** The metrics of one epoch, in the API and from the engine. */
import { z } from 'zod'

export const epochSchema = z.object({
  epoch: z.int().min(1).describe('number of the epoch, from 1'),
  loss: z.number().nullable().describe('mean over the training rows during the epoch; null when not finite'),
  accuracy: z
    .number()
    .nullable()
    .describe('share of the training rows with the right class; null unless the task is a classification'),
  valLoss: z.number().nullable().describe('mean over the validation rows; null without such rows'),
  valAccuracy: z
    .number()
    .nullable()
    .describe(
      'share of the validation rows with the right class; null for other tasks, and without such rows',
    ),
  seconds: z
    .number()
    .min(0)
    .nullable()
    .describe(
      'training time in seconds until the end of this epoch, without pauses and interruptions; null for jobs of older versions',
    ),
  diverged: z
    .literal(true)
    .optional()
    .describe('present when the loss was NaN or infinite, which ends the job'),
})
export type Epoch = z.infer<typeof epochSchema>

export const metricsSchema = epochSchema.pick({
  loss: true,
  accuracy: true,
  valLoss: true,
  valAccuracy: true,
})
export type Metrics = z.infer<typeof metricsSchema>
