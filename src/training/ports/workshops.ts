import type { Scope } from '../../contract/key.js'
import type { Leaderboard } from '../../contract/leaderboard.js'
import type { OwnLimits } from '../../contract/limits.js'
import type {
  Membership,
  Participant,
  Workshop,
  WorkshopChange,
  WorkshopRun,
} from '../../contract/workshop.js'
import type { Actor } from './audit.js'
import type { Once } from './idempotency.js'

export interface NewWorkshop {
  id: string
  tenantId: string
  name: string | null
  /** Draws a code; another one while a workshop has it. */
  drawCode: () => string
  spec: Record<string, unknown> | null
  leaderboard: Leaderboard | null
  hours: number
}

export interface OwnWorkshop {
  id: string
  /** Of the teacher. */
  tenantId: string
}

/** Who joins: the key is made with the participant. */
export type Client = Pick<Actor, 'requestId' | 'address'>

export interface NewParticipant {
  code: string
  nickname: string
  tenantId: string
  limits: OwnLimits
  key: { id: string; sha256: string; scopes: Scope[] }
}

export interface WorkshopStore {
  /** @throws Problem `too-many-workshops` */
  create(workshop: NewWorkshop, actor: Actor, once?: Once): Promise<Workshop>
  /** Newest first. */
  list(tenantId: string): Promise<Workshop[]>
  get(tenantId: string, id: string): Promise<Workshop | null>
  /** A change of the leaderboard deletes the scores. */
  change(tenantId: string, id: string, change: WorkshopChange): Promise<Workshop | null>
  /**
   * Stores a participant with a tenant, its limits, and a key. Null if no workshop that has not expired has the code.
   * @throws Problem `nickname-taken` or `workshop-full`
   */
  join(participant: NewParticipant, client: Client): Promise<{ expiresAt: string } | null>
  /** In the order in which they joined, each with the newest run. */
  participants(id: string): Promise<Participant[]>
  /** The tenants of the participants, in the order in which they joined. */
  tenants(id: string): Promise<{ tenantId: string; nickname: string }[]>
  /**
   * Pauses or cancels all unfinished jobs and sweeps of a participant, or resumes those that this paused. What the
   * participant paused stays paused. Returns the number of jobs that changed.
   */
  changeJobs(tenantId: string, change: 'pause' | 'resume' | 'cancel'): Promise<number>
  /** The newest jobs of each participant. */
  runs(id: string): Promise<{ nickname: string; run: WorkshopRun }[]>
  /** Null unless the tenant is a participant. */
  membership(tenantId: string): Promise<Membership | null>
  /** Deletes the workshop, and the keys and tenants of its participants, which must have no data. */
  delete(id: string): Promise<void>
  /** Ends the code and the keys of the participants, which the audit log has as the deletion. */
  close(workshop: OwnWorkshop, actor: Actor): Promise<void>
  /** Writes an entry of the audit log. The changes that follow are one transaction for each participant. */
  record(workshop: OwnWorkshop, action: 'paused' | 'resumed' | 'reset', actor: Actor): Promise<void>
  /** Cancels the unfinished jobs and sweeps of workshops that have expired. */
  cleanUp(): Promise<void>
}
