/** Changes the jobs of all participants of a workshop, and deletes their data. */
import { finishedStatuses, type JobStatus, unfinishedStatuses } from '../../contract/job-status.js'
import { Problem } from '../../contract/problems.js'
import type { Workshop } from '../../contract/workshop.js'
import type { DatasetStore } from '../ports/datasets.js'
import type { JobStore } from '../ports/jobs.js'
import type { ModelStore } from '../ports/models.js'
import type { JobQueue } from '../ports/queue.js'
import type { SweepStore } from '../ports/sweeps.js'
import type { Tenanted } from '../ports/tenants.js'
import type { WorkshopStore } from '../ports/workshops.js'

export interface ControlDependencies {
  workshops: WorkshopStore
  jobs: Tenanted<JobStore>
  models: Tenanted<Pick<ModelStore, 'list' | 'delete'>>
  datasets: Tenanted<Pick<DatasetStore, 'list' | 'delete'>>
  sweeps: Tenanted<Pick<SweepStore, 'list' | 'cancel' | 'delete'>>
  queue: Pick<JobQueue, 'afterCommit'>
}

const pageSize = 100

/** @throws Problem `not-found` */
export async function findWorkshop(
  workshops: Pick<WorkshopStore, 'get'>,
  tenantId: string,
  id: string,
): Promise<Workshop> {
  const workshop = await workshops.get(tenantId, id)
  if (workshop === null) throw new Problem('not-found', `There is no workshop ${id}.`)
  return workshop
}

/** Calls `change` for each job with one of the statuses, and returns how many changed. */
async function changeJobs(
  jobs: JobStore,
  statuses: readonly JobStatus[],
  change: (id: string) => Promise<boolean>,
): Promise<number> {
  let changed = 0
  for (const status of statuses) {
    let after: string | undefined
    for (;;) {
      const page = await jobs.list({ status, limit: pageSize, after })
      for (const { id } of page.data) if (await change(id)) changed++
      if (!page.hasMore || page.lastId === null) break
      after = page.lastId
    }
  }
  return changed
}

/** @returns the number of jobs that were paused or resumed */
async function controlParticipants(
  { workshops, jobs }: ControlDependencies,
  id: string,
  statuses: readonly JobStatus[],
  change: (store: JobStore, id: string) => Promise<boolean>,
): Promise<number> {
  let changed = 0
  for (const { tenantId } of await workshops.tenants(id)) {
    const store = jobs.of(tenantId)
    changed += await changeJobs(store, statuses, (job) => change(store, job))
  }
  return changed
}

export const pauseWorkshop = (dependencies: ControlDependencies, id: string) =>
  controlParticipants(dependencies, id, ['queued', 'running'], (jobs, job) => jobs.pause(job))

export async function resumeWorkshop(
  dependencies: ControlDependencies,
  id: string,
  onQueueError: (error: unknown) => void,
): Promise<number> {
  const changed = await controlParticipants(dependencies, id, ['paused'], (jobs, job) =>
    jobs.resume(job, undefined),
  )
  if (changed > 0) await dependencies.queue.afterCommit().catch(onQueueError)
  return changed
}

/** Ends and deletes all jobs, models, datasets and sweeps of the participants. Returns the number of jobs. */
export async function resetWorkshop(dependencies: ControlDependencies, id: string): Promise<number> {
  let deleted = 0
  for (const { tenantId } of await dependencies.workshops.tenants(id)) {
    deleted += await clearTenant(dependencies, tenantId)
  }
  return deleted
}

async function clearTenant(
  { jobs, models, datasets, sweeps }: ControlDependencies,
  tenantId: string,
): Promise<number> {
  const store = jobs.of(tenantId)
  await deleteAll(sweeps.of(tenantId), async (id) => {
    await sweeps.of(tenantId).cancel(id)
    await sweeps.of(tenantId).delete(id)
  })
  await changeJobs(store, unfinishedStatuses, (id) => store.cancel(id))
  // A job that ends after the cancellations is deleted, too.
  const soon = new Date(Date.now() + 60_000)
  let deleted = 0
  for (;;) {
    const count = await store.deleteEnded(finishedStatuses, soon, pageSize)
    deleted += count
    if (count < pageSize) break
  }
  await deleteAll(models.of(tenantId), (id) => models.of(tenantId).delete(id))
  await deleteAll(datasets.of(tenantId), (id) => datasets.of(tenantId).delete(id))
  return deleted
}

interface Listed {
  list(page: {
    limit: number
    after?: string | undefined
  }): Promise<{ data: { id: string }[]; hasMore: boolean; lastId: string | null }>
}

async function deleteAll(store: Listed, remove: (id: string) => Promise<unknown>): Promise<void> {
  let after: string | undefined
  for (;;) {
    const page = await store.list({ limit: pageSize, after })
    for (const { id } of page.data) await remove(id)
    if (!page.hasMore || page.lastId === null) return
    after = page.lastId
  }
}

/** Deletes the workshop with the data of its participants. Their keys end at once. */
export async function deleteWorkshop(dependencies: ControlDependencies, id: string): Promise<void> {
  await resetWorkshop(dependencies, id)
  await dependencies.workshops.delete(id)
}
