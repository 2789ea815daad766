/** One epoch's measurements, as they travel on the wire and from the engine. */
import { z } from 'zod'

export const epochSchema = z.object({
  epoch: z.int().min(1),
  loss: z.number().nullable().describe('mean over the rows as seen while training; null when not finite'),
  accuracy: z.number().nullable().describe('null when the task is no classification'),
  valLoss: z.number().nullable().describe('null without validation rows'),
  valAccuracy: z.number().nullable(),
  seconds: z
    .number()
    .min(0)
    .nullable()
    .describe(
      'spent in training until the end of this epoch, pauses and interruptions left out; null for jobs from before it was kept',
    ),
  diverged: z.literal(true).optional().describe('the loss was NaN or infinite; the run ends here'),
})
export type Epoch = z.infer<typeof epochSchema>

export const metricsSchema = epochSchema.pick({
  loss: true,
  accuracy: true,
  valLoss: true,
  valAccuracy: true,
})
export type Metrics = z.infer<typeof metricsSchema>
