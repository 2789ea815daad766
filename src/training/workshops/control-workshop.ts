/** Changes the jobs and sweeps of all participants of a workshop, and deletes their data. */
import { finishedStatuses } from '../../contract/job-status.js'
import { Problem } from '../../contract/problems.js'
import type { Workshop, WorkshopChange } from '../../contract/workshop.js'
import type { Actor } from '../ports/audit.js'
import type { DatasetStore } from '../ports/datasets.js'
import type { JobStore } from '../ports/jobs.js'
import type { ModelStore } from '../ports/models.js'
import type { ListPage, Page } from '../ports/pages.js'
import type { JobQueue } from '../ports/queue.js'
import type { SweepStore } from '../ports/sweeps.js'
import type { Tenanted } from '../ports/tenants.js'
import type { OwnWorkshop, WorkshopStore } from '../ports/workshops.js'

export interface ControlDependencies {
  workshops: WorkshopStore
  jobs: Tenanted<JobStore>
  models: Tenanted<Pick<ModelStore, 'list' | 'delete'>>
  datasets: Tenanted<Pick<DatasetStore, 'list' | 'delete'>>
  sweeps: Tenanted<Pick<SweepStore, 'list' | 'delete'>>
  queue: Pick<JobQueue, 'afterCommit'>
  /** Advances sweeps soon. */
  wakeSweeps(): void
}

const pageSize = 100

const unknownWorkshop = (id: string) => new Problem('not-found', `There is no workshop ${id}.`)

/** @throws Problem `not-found` */
export async function findWorkshop(
  workshops: Pick<WorkshopStore, 'get'>,
  tenantId: string,
  id: string,
): Promise<Workshop> {
  const workshop = await workshops.get(tenantId, id)
  if (workshop === null) throw unknownWorkshop(id)
  return workshop
}

interface Listed<Filter> {
  list(page: ListPage & Filter): Promise<Page<{ id: string }>>
}

/** The ids of all pages of a list. Items may be deleted meanwhile. */
async function* allIds<Filter extends object>(store: Listed<Filter>, filter: Filter): AsyncGenerator<string> {
  let after: string | undefined
  for (;;) {
    const page = await store.list({ ...filter, limit: pageSize, after })
    for (const { id } of page.data) yield id
    if (!page.hasMore || page.lastId === null) return
    after = page.lastId
  }
}

/** @throws Problem `not-found` */
export async function changeWorkshop(
  workshops: Pick<WorkshopStore, 'change'>,
  tenantId: string,
  id: string,
  change: WorkshopChange,
): Promise<Workshop> {
  const workshop = await workshops.change(tenantId, id, change)
  if (workshop === null) throw unknownWorkshop(id)
  return workshop
}

/** @returns the number of jobs that changed */
async function changeAll(
  workshops: WorkshopStore,
  { id }: OwnWorkshop,
  change: 'pause' | 'resume',
): Promise<number> {
  let changed = 0
  for (const { tenantId } of await workshops.tenants(id)) {
    changed += await workshops.changeJobs(tenantId, change)
  }
  return changed
}

/** Pauses sweeps before their jobs, so that they create no trials and decide about none. */
export async function pauseWorkshop(
  { workshops }: ControlDependencies,
  workshop: OwnWorkshop,
  actor: Actor,
): Promise<number> {
  await workshops.record(workshop, 'paused', actor)
  return changeAll(workshops, workshop, 'pause')
}

/** Resumes what `pauseWorkshop` paused. */
export async function resumeWorkshop(
  { workshops, queue, wakeSweeps }: ControlDependencies,
  workshop: OwnWorkshop,
  actor: Actor,
  onQueueError: (error: unknown) => void,
): Promise<number> {
  await workshops.record(workshop, 'resumed', actor)
  const changed = await changeAll(workshops, workshop, 'resume')
  wakeSweeps()
  if (changed > 0) await queue.afterCommit().catch(onQueueError)
  return changed
}

/** Ends and deletes all jobs, models, datasets and sweeps of the participants. Returns the number of jobs. */
export async function resetWorkshop(
  dependencies: ControlDependencies,
  workshop: OwnWorkshop,
  actor: Actor,
): Promise<number> {
  await dependencies.workshops.record(workshop, 'reset', actor)
  return clearParticipants(dependencies, workshop)
}

async function clearParticipants(dependencies: ControlDependencies, { id }: OwnWorkshop): Promise<number> {
  let deleted = 0
  for (const { tenantId } of await dependencies.workshops.tenants(id)) {
    deleted += await clearTenant(dependencies, tenantId)
  }
  return deleted
}

async function clearTenant(all: ControlDependencies, tenantId: string): Promise<number> {
  const [jobs, models] = [all.jobs.of(tenantId), all.models.of(tenantId)]
  const [datasets, sweeps] = [all.datasets.of(tenantId), all.sweeps.of(tenantId)]
  await all.workshops.changeJobs(tenantId, 'cancel')
  for await (const id of allIds(sweeps, {})) await sweeps.delete(id)
  // A job that ends after the cancellations is deleted, too.
  const soon = new Date(Date.now() + 60_000)
  let deleted = 0
  for (;;) {
    const count = await jobs.deleteEnded(finishedStatuses, soon, pageSize)
    deleted += count
    if (count < pageSize) break
  }
  for await (const id of allIds(models, {})) await models.delete(id)
  for await (const id of allIds(datasets, {})) await datasets.delete(id)
  return deleted
}

/** Deletes the workshop with the data of its participants. Their keys end first, so that they add nothing. */
export async function deleteWorkshop(
  dependencies: ControlDependencies,
  workshop: OwnWorkshop,
  actor: Actor,
): Promise<void> {
  await dependencies.workshops.close(workshop, actor)
  await clearParticipants(dependencies, workshop)
  await dependencies.workshops.delete(workshop.id)
}
