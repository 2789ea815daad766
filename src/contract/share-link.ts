/** Share links: addresses on which anybody sees one run. */
import { z } from 'zod'

/** Of a job. */
export const maximumShareLinks = 20

export const shareLinkSchema = z.object({
  id: z.string(),
  object: z.literal('shareLink'),
  jobId: z.string(),
  createdAt: z.iso.datetime(),
})
export type ShareLink = z.infer<typeof shareLinkSchema>

export const newShareLinkSchema = shareLinkSchema.extend({
  token: z.string().describe('reads the job, as `Authorization: Bearer …`; shown once'),
  page: z.string().describe('path of the page that shows the run'),
})
export type NewShareLink = z.infer<typeof newShareLinkSchema>
