/** Many jobs in one request. Each is accepted or refused independently. */
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
          description: 'a body of `POST /jobs`; inline rows are not allowed, store them as a dataset first',
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
        status: z.int().describe('the status that `POST /jobs` would return'),
        job: jobSchema.nullable(),
        problem: problemSchema.nullable(),
      }),
    )
    .describe('in the order of the request'),
})
export type JobBatch = z.infer<typeof jobBatchSchema>
