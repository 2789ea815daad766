/** Workshops: participants join by a code and a nickname, and train as separate tenants. */
import { z } from 'zod'
import { metricsSchema } from './epoch.js'
import { jobStatusSchema } from './job-status.js'
import { hasAField, noField } from './labels.js'
import {
  leaderboardMetricSchema,
  leaderboardSchema,
  standingDetailSchema,
  standingSchema,
} from './leaderboard.js'
import type { OwnLimits } from './limits.js'
import { isStorable, notStorable, text } from './text.js'

export const workshopLimits = {
  workshops: 10,
  participants: 100,
  hours: 72,
  specCharacters: 100_000,
} as const
export const defaultHours = 12

/** The limits of a participant, unless those of the service are lower. */
export const participantLimits: OwnLimits = {
  requestsPerMinute: 1_200,
  sockets: 20,
  queuedJobs: 50,
  runningJobs: 4,
  storedBytes: 256 * 1024 ** 2,
  jobDays: 7,
}

/** Letters that cannot be mistaken for others or for digits. */
export const codeLetters = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
export const codeLength = 6

const nameSchema = text(150).min(1)
const specSchema = z
  .record(z.string(), z.unknown())
  .refine((spec) => JSON.stringify(spec).length <= workshopLimits.specCharacters, {
    error: `must have at most ${workshopLimits.specCharacters} characters as JSON`,
  })
  .refine(isStorable, { error: notStorable })
  .describe('a body of `POST /jobs` that the page offers to participants')

export const workshopRequestSchema = z
  .strictObject({
    name: nameSchema.optional(),
    hours: z
      .int()
      .min(1)
      .max(workshopLimits.hours)
      .default(defaultHours)
      .describe('hours after which the code and the keys of the participants expire'),
    spec: specSchema.optional(),
    leaderboard: leaderboardSchema.optional(),
  })
  .meta({ examples: [{ name: 'Neural networks, Monday', hours: 4 }] })
export type WorkshopRequest = z.infer<typeof workshopRequestSchema>

export const workshopChangeSchema = z
  .strictObject({
    name: nameSchema.nullable().optional().describe('null removes it'),
    spec: specSchema.nullable().optional().describe('null removes it'),
    leaderboard: leaderboardSchema
      .nullable()
      .optional()
      .describe(
        'null removes it. All runs are evaluated again; the key also needs the scope `datasets:read`',
      ),
  })
  .refine(hasAField, noField)
  .meta({ examples: [{ name: 'Neural networks, Tuesday' }] })
export type WorkshopChange = z.infer<typeof workshopChangeSchema>

export const joinRequestSchema = z
  .strictObject({
    code: z
      .string()
      .max(20)
      .regex(/^(?:[\s-]*[A-Za-z]){6}[\s-]*$/, `must be ${codeLength} letters`)
      .describe('the code of the workshop, in upper or lower case'),
    nickname: text(40).regex(/\S/, 'must not be empty').describe('how the others see the participant'),
  })
  .meta({ examples: [{ code: 'KQRMTZ', nickname: 'ada' }] })
export type JoinRequest = z.infer<typeof joinRequestSchema>

const time = z.iso.datetime()

export const runSchema = z.object({
  id: z.string(),
  name: z.string().nullable(),
  status: jobStatusSchema,
  epoch: z.int(),
  epochs: z.int(),
  metrics: metricsSchema,
  score: z.number().nullable().describe('on the leaderboard; null until it is evaluated'),
  createdAt: time,
})
export type WorkshopRun = z.infer<typeof runSchema>

export const participantSchema = z.object({
  nickname: z.string(),
  joinedAt: time,
  jobs: z.int().describe('jobs of the participant'),
  latest: runSchema.nullable().describe('the newest job'),
})
export type Participant = z.infer<typeof participantSchema>

export const workshopSchema = z.object({
  id: z.string(),
  object: z.literal('workshop'),
  name: z.string().nullable(),
  code: z.string().describe('what participants enter on the page'),
  spec: z.record(z.string(), z.unknown()).nullable(),
  leaderboard: leaderboardSchema.nullable(),
  createdAt: time,
  expiresAt: time,
  participantCount: z.int(),
  links: z.object({ self: z.string(), join: z.string().describe('page on which participants join') }),
})
export type Workshop = z.infer<typeof workshopSchema>

export const workshopDetailSchema = workshopSchema.extend({
  participants: z.array(participantSchema).describe('in the order in which they joined'),
  standings: z.array(standingDetailSchema).describe('best first; empty without a leaderboard'),
})

/** What a participant sees. */
export const membershipSchema = z.object({
  object: z.literal('membership'),
  nickname: z.string(),
  name: workshopSchema.shape.name,
  spec: workshopSchema.shape.spec,
  expiresAt: time,
  participants: workshopDetailSchema.shape.participants,
  metric: leaderboardMetricSchema.nullable().describe('of the leaderboard; null for none'),
  standings: z.array(standingSchema).describe('best first; empty without a leaderboard'),
})
export type Membership = z.infer<typeof membershipSchema>

export const joinedSchema = z.object({
  object: z.literal('joined'),
  nickname: z.string(),
  key: z.string().describe('the key of the participant, shown once'),
  expiresAt: time,
})
export type Joined = z.infer<typeof joinedSchema>

export const controlledJobsSchema = z.object({ jobs: z.int().describe('jobs that changed') })
