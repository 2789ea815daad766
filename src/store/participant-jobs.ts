/** Pauses, resumes and cancels everything of a participant: first the sweeps with their jobs, then the other jobs. */
import type { Transition } from '../contract/job-status.js'
import { sweepTransitions } from '../contract/sweep.js'
import type { Database } from './database.js'
import { waits } from './running-sweeps.js'
import { idRow, query, send, statement } from './statements.js'
import { changeSweep } from './sweep-control.js'
import { changedRow, guard, statusIn, transition } from './transitions.js'

type Control = Extract<Transition, 'pause' | 'resume' | 'cancel'>

/** The sweeps of tenant $1 that may change. */
const findSweeps = (name: Control, condition = 'true') =>
  statement(
    `${name}SweepsOfTenant`,
    idRow,
    `SELECT id FROM "Sweep"
      WHERE "tenantId" = $1 AND ${statusIn(sweepTransitions[name].from)} AND ${condition} ORDER BY id`,
  )

/** The jobs of tenant $1 that may change, locked in the order in which workers lock them. */
const jobsOfTenant = (name: Control, condition = 'true') =>
  `id IN (SELECT id FROM "Job" WHERE "tenantId" = $1 AND ${guard(name)} AND ${condition}
    ORDER BY id FOR NO KEY UPDATE)`

const markStatement = statement(
  'markPausedSweep',
  idRow,
  'UPDATE "Sweep" SET "pausedByWorkshop" = true WHERE id = $1 RETURNING id',
)

const statements = {
  pause: {
    sweeps: findSweeps('pause'),
    jobs: statement(
      'pauseJobsOfTenant',
      changedRow,
      transition('pause', {
        where: jobsOfTenant('pause'),
        set: '"heartbeatAt" = NULL, "pausedByWorkshop" = true',
        event: { type: 'paused' },
      }),
    ),
  },
  resume: {
    sweeps: findSweeps('resume', '"pausedByWorkshop"'),
    jobs: statement(
      'resumeJobsOfTenant',
      changedRow,
      transition('resume', {
        // A trial may have reached its next decision before the pause.
        where: jobsOfTenant('resume', `"pausedByWorkshop" AND NOT (${waits})`),
        set: 'attempt = attempt + 1',
        event: { type: 'resumed' },
      }),
    ),
  },
  cancel: {
    sweeps: findSweeps('cancel'),
    jobs: statement(
      'cancelJobsOfTenant',
      changedRow,
      transition('cancel', { where: jobsOfTenant('cancel'), set: '"finishedAt" = now()' }),
    ),
  },
} as const

/**
 * A pause marks what it pauses, and `resume` changes only what is marked.
 * @returns the number of jobs that changed
 */
export async function changeParticipant(
  database: Database,
  tenantId: string,
  name: Control,
): Promise<number> {
  const { sweeps, jobs } = statements[name]
  let changed = 0
  for (const { id } of await send(database.pool, sweeps, [tenantId])) {
    changed += await database.inTransaction(tenantId, async (client) => {
      const trials = await changeSweep(client, name, id, tenantId)
      if (trials !== null && name === 'pause') await query(client, markStatement, [id])
      return trials ?? 0
    })
  }
  const others = await database.inTransaction(tenantId, (client) => query(client, jobs, [tenantId]))
  return changed + others.length
}
