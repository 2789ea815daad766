/** The deletion of jobs that ended before a time. */
import { z } from 'zod'

/** Limits the time of one request. */
export const maximumDeletions = 10_000

export const deletionSchema = z.object({
  object: z.literal('deletion'),
  deleted: z.int().describe('number of jobs'),
  hasMore: z.boolean().describe(`true if ${maximumDeletions} were deleted: repeat the request for the rest`),
})
