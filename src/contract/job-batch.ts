/** Many jobs in one request, each accepted or refused by itself. */
import { z } from 'zod'
import { jobSchema } from './job.js'
import { problemSchema } from './problems.js'

export const maximumBatch = 1_000

export const jobBatchRequestSchema = z
  .strictObject({
    jobs: z
      .array(
        z.unknown().meta({
          type: 'object',
          description: 'as the body of `POST /jobs`; rows must be a stored dataset, named by its id',
        }),
      )
      .min(1)
      .max(maximumBatch),
  })
  .meta({
    examples: [
      {
        jobs: [
          { dataset: 'xor', epochs: 500, seed: 1 },
          { dataset: 'xor', epochs: 500, seed: 2 },
        ],
      },
    ],
  })

export const jobBatchSchema = z.object({
  object: z.literal('batch'),
  accepted: z.int(),
  refused: z.int(),
  results: z
    .array(
      z.object({
        status: z.int().describe('what `POST /jobs` would have answered'),
        job: jobSchema.nullable(),
        problem: problemSchema.nullable(),
      }),
    )
    .describe('in the order of the request'),
})
export type JobBatch = z.infer<typeof jobBatchSchema>
