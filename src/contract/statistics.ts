/** Statistics of the layers of a training, taken after some epochs. */
import { z } from 'zod'

/** The values of the field `watch` of a job. */
export const watchSchema = z.literal('diagnose')

const norm = (what: string) => z.number().nullable().describe(`L2 norm of ${what}; null without weights`)

export const layerStatisticsSchema = z.object({
  layer: z.int().min(0).describe('index in the network'),
  weightNorm: norm('the trainable weights'),
  gradientNorm: norm('their gradient in the last step of the epoch, after clipping'),
  updateNorm: norm('their change by that step'),
  deadUnits: z
    .number()
    .nullable()
    .describe(
      'share of relu units, or channels, that are 0 for all examined rows; null for other activations',
    ),
  saturated: z
    .number()
    .nullable()
    .describe('share of the values of sigmoid or tanh near their limits; null for other activations'),
})
export type LayerStatistics = z.infer<typeof layerStatisticsSchema>

export const epochStatisticsSchema = z.object({
  epoch: z.int().min(1),
  layers: z.array(layerStatisticsSchema).describe('layers with weights, relu, sigmoid or tanh'),
  largestLogit: z
    .number()
    .nullable()
    .describe(
      'largest absolute output before the last activation; null unless the loss is computed from these outputs',
    ),
})
export type EpochStatistics = z.infer<typeof epochStatisticsSchema>

export const statisticsSchema = z.object({
  object: z.literal('list'),
  data: z.array(epochStatisticsSchema).describe('in order of epochs'),
})
