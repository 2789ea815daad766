/** All stores on one database. */
import type { Limits } from '../contract/limits.js'
import { auditStore } from '../store/audit-log.js'
import type { Database } from '../store/database.js'
import { datasetStore } from '../store/datasets.js'
import { draftStore } from '../store/drafts.js'
import { epochStore } from '../store/epochs.js'
import { finishedRuns } from '../store/finished-runs.js'
import { idempotencyStore } from '../store/idempotency.js'
import { jobStore } from '../store/jobs.js'
import { checkpointCleaner, type KeptCheckpoints, keepsNone } from '../store/kept-checkpoints.js'
import { keyStore } from '../store/keys.js'
import { modelStore } from '../store/models.js'
import { receiptKeys } from '../store/receipt-keys.js'
import { registryStore } from '../store/registry.js'
import { runStore } from '../store/runs.js'
import { metricStore } from '../store/service-metrics.js'
import { shareLinkStore } from '../store/share-links.js'
import { statisticsStore } from '../store/statistics.js'
import { ticketStore } from '../store/stream-tickets.js'
import { sweepStore, sweepWatchStore } from '../store/sweeps.js'
import { tenantAdministration } from '../store/tenant-administration.js'
import { tenantEraser } from '../store/tenant-eraser.js'
import { unlimited } from '../store/tenant-limits.js'
import { tenantStore } from '../store/tenants.js'
import { usageStore } from '../store/usage.js'
import { watchStore } from '../store/watch-store.js'
import { webhookAdministration } from '../store/webhook-administration.js'
import { webhookStore } from '../store/webhooks.js'
import { snapshotStore } from '../store/weight-snapshots.js'
import { workerStore } from '../store/workers.js'
import { scoreStore } from '../store/workshop-scores.js'
import { workshopStore } from '../store/workshops.js'
import type { SecretBox } from '../training/ports/webhooks.js'

export type Stores = ReturnType<typeof openStores>

interface StoreOptions {
  /** Limits of tenants without their own. */
  settings?: Limits
  /** Null without WEBHOOK_KEYS. */
  box?: SecretBox | null
  /** The checkpoints that finished jobs keep. */
  checkpoints?: KeptCheckpoints
  /** Days after which entries of the audit log are deleted. */
  auditDays?: number
}

export function openStores(
  database: Database,
  { settings = unlimited, box = null, checkpoints = keepsNone, auditDays }: StoreOptions = {},
) {
  return {
    jobs: jobStore(database, settings),
    sweeps: sweepStore(database, settings),
    watchingSweeps: sweepWatchStore(database),
    runs: runStore(database, settings, checkpoints),
    checkpoints: checkpointCleaner(database, checkpoints),
    epochs: epochStore(database),
    watching: watchStore(database),
    models: modelStore(database, settings),
    registry: registryStore(database),
    datasets: datasetStore(database, settings),
    snapshots: snapshotStore(database),
    statistics: statisticsStore(database),
    idempotency: idempotencyStore(database),
    webhooks: webhookStore(database, box),
    webhookAdministration: webhookAdministration(database),
    serviceMetrics: metricStore(database),
    finishedRuns: finishedRuns(database),
    keys: keyStore(database),
    tickets: ticketStore(database),
    shareLinks: shareLinkStore(database),
    tenants: tenantStore(database),
    tenantAdministration: tenantAdministration(database),
    tenantEraser: tenantEraser(database),
    audit: auditStore(database, auditDays),
    usage: usageStore(database),
    workers: workerStore(database),
    workshops: workshopStore(database),
    scores: scoreStore(database),
    drafts: draftStore(database),
    receiptKeys: receiptKeys(database),
  }
}
