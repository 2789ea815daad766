/** Derived features: inputs of a network that are computed from number columns. */
import { z } from 'zod'
import { text } from './text.js'

const column = text(200).min(1).normalize('NFC')
const one = column.describe('name of a number column')

const maximumDerivedFeatures = 1_000

export const derivedFeatureSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('square'), of: one }),
  z.strictObject({ type: z.literal('sin').describe('the sine of the value in radians'), of: one }),
  z.strictObject({
    type: z.literal('product'),
    of: z.array(column).length(2).describe('names of two number columns'),
  }),
])
export type DerivedFeature = z.infer<typeof derivedFeatureSchema>

export const derivedFeaturesSchema = z
  .array(derivedFeatureSchema)
  .max(maximumDerivedFeatures)
  .meta({
    examples: [
      [
        { type: 'square', of: 'speed' },
        { type: 'product', of: ['speed', 'mass'] },
      ],
    ],
  })

/** How the network reads a derived feature: (value − offset) / scale. */
export const derivedCodingSchema = z.object({
  type: z.enum(['square', 'sin', 'product']),
  of: z.array(z.string()).min(1).max(2).describe('names of number features'),
  offset: z.number(),
  scale: z.number(),
})
export type DerivedCoding = z.infer<typeof derivedCodingSchema>
