/** Pauses, resumes and cancels sweeps with their unfinished jobs, each in one transaction. */

import type { Transition } from '../contract/job-status.js'
import { sweepTransitions } from '../contract/sweep.js'
import type { SweepStore } from '../training/ports/sweeps.js'
import type { Database, Prisma } from './database.js'
import { waits } from './running-sweeps.js'
import { idRow, query, statement } from './statements.js'
import { changedRow, guard, statusIn, transition } from './transitions.js'

/** The jobs of sweep $1 that may go through the transition, locked in the order in which workers lock them. */
const jobsOfSweep = (name: Transition, condition = 'true') =>
  `id IN (SELECT id FROM "Job" WHERE "sweepId" = $1 AND ${guard(name)} AND ${condition} ORDER BY id FOR NO KEY UPDATE)`

/** $1 sweep, $2 tenant. */
const pauseStatement = statement(
  'pauseSweep',
  idRow,
  `UPDATE "Sweep" SET status = '${sweepTransitions.pause.to}', "pausedAt" = now()
    WHERE id = $1 AND "tenantId" = $2 AND ${statusIn(sweepTransitions.pause.from)} RETURNING id`,
)

const pauseJobsStatement = statement(
  'pauseSweepJobs',
  changedRow,
  transition('pause', {
    where: jobsOfSweep('pause'),
    set: '"heartbeatAt" = NULL',
    event: { type: 'paused' },
  }),
)

const resumeStatement = statement(
  'resumeSweep',
  idRow,
  `UPDATE "Sweep" SET status = '${sweepTransitions.resume.to}', "pausedAt" = NULL, "pausedByWorkshop" = false,
      "pausedSeconds" = "pausedSeconds" + extract(epoch FROM now() - "pausedAt")
    WHERE id = $1 AND "tenantId" = $2 AND ${statusIn(sweepTransitions.resume.from)} RETURNING id`,
)

const resumeJobsStatement = statement(
  'resumeSweepJobs',
  changedRow,
  transition('resume', {
    // The others wait for a decision.
    where: jobsOfSweep('resume', `NOT (${waits})`),
    set: 'attempt = attempt + 1',
    event: { type: 'resumed' },
  }),
)

const cancelStatement = statement(
  'cancelSweep',
  idRow,
  `UPDATE "Sweep" SET status = '${sweepTransitions.cancel.to}', "finishedAt" = now()
    WHERE id = $1 AND "tenantId" = $2 AND ${statusIn(sweepTransitions.cancel.from)} RETURNING id`,
)

const cancelJobsStatement = statement(
  'cancelSweepJobs',
  changedRow,
  transition('cancel', { where: jobsOfSweep('cancel'), set: '"finishedAt" = now()' }),
)

const changes = {
  pause: [pauseStatement, pauseJobsStatement],
  resume: [resumeStatement, resumeJobsStatement],
  cancel: [cancelStatement, cancelJobsStatement],
} as const

/**
 * Changes a sweep and its unfinished jobs. The row of the sweep is locked first, as when trials are added, so no trial is
 * missed.
 * @returns the number of jobs that changed; null if the status of the sweep did not allow it
 */
export async function changeSweep(
  client: Prisma.TransactionClient,
  name: keyof typeof changes,
  id: string,
  tenantId: string,
): Promise<number | null> {
  const [sweep, jobs] = changes[name]
  const [changed] = await query(client, sweep, [id, tenantId])
  return changed === undefined ? null : (await query(client, jobs, [id])).length
}

export function controlSweep(
  database: Database,
  tenantId: string,
): Pick<SweepStore, 'pause' | 'resume' | 'cancel'> {
  const change = (name: keyof typeof changes) => async (id: string) => {
    const jobs = await database.inTransaction(tenantId, (client) => changeSweep(client, name, id, tenantId))
    return jobs !== null
  }
  return { pause: change('pause'), resume: change('resume'), cancel: change('cancel') }
}
