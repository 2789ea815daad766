/** Every route of the API. */
import type { FastifyInstance } from 'fastify'
import type { BodyThread } from '../bodies/body-thread.js'
import type { RequestThread } from '../training/ports/request-thread.js'
import { type AdminKeyRoutes, adminKeyRoutes } from './routes/admin-keys.js'
import { type AdminTenantRoutes, adminTenantRoutes } from './routes/admin-tenants.js'
import { type AdminWebhookRoutes, adminWebhookRoutes } from './routes/admin-webhooks.js'
import { aliasRoutes } from './routes/aliases.js'
import { type AuditRoutes, auditRoutes } from './routes/audit.js'
import { datasetRowRoutes } from './routes/dataset-rows.js'
import { type DatasetRoutes, datasetRoutes } from './routes/datasets.js'
import { type DiagnosisRoutes, diagnosisRoutes } from './routes/diagnosis.js'
import { type EpochRoutes, epochRoutes } from './routes/epochs.js'
import { evaluateRoutes } from './routes/evaluate.js'
import { type ExportRoutes, exportRoutes } from './routes/exports.js'
import { type InferenceRoutes, inferenceRoutes } from './routes/inference.js'
import { jobBatchRoutes } from './routes/job-batch.js'
import { type JobDeletionRoutes, jobDeletionRoutes } from './routes/job-deletions.js'
import { jobModelRoutes } from './routes/job-models.js'
import { type JobStreamRoutes, jobStreamRoutes } from './routes/job-stream.js'
import { type JobRoutes, jobRoutes } from './routes/jobs.js'
import { type JobsStreamRoutes, jobsStreamRoutes } from './routes/jobs-stream.js'
import { type LimitRoutes, limitRoutes } from './routes/limits.js'
import { type McpRoutes, mcpRoutes } from './routes/mcp.js'
import { type ModelRoutes, modelRoutes } from './routes/models.js'
import { type OperationRoutes, operationRoutes } from './routes/operations.js'
import { type PredictionRoutes, predictionRoutes } from './routes/predictions.js'
import { problemRoutes } from './routes/problems.js'
import { type ReceiptRoutes, receiptRoutes } from './routes/receipts.js'
import { type RegistryRoutes, registryRoutes } from './routes/registry.js'
import { repeatRoutes } from './routes/repeats.js'
import { type ReplayRoutes, replayRoutes } from './routes/replays.js'
import { type RetrainingRoutes, retrainingRoutes } from './routes/retraining.js'
import { type ShareLinkRoutes, shareLinkRoutes } from './routes/share-links.js'
import { type StreamTicketRoutes, streamTicketRoutes } from './routes/stream-tickets.js'
import { type SweepStreamRoutes, sweepStreamRoutes } from './routes/sweep-stream.js'
import { type SweepRoutes, sweepRoutes } from './routes/sweeps.js'
import { type UploadRoutes, uploadRoutes } from './routes/uploads.js'
import { type UsageRoutes, usageRoutes } from './routes/usage.js'
import { type WebhookRoutes, webhookRoutes } from './routes/webhooks.js'
import { participationRoutes, type WorkshopRoutes, workshopRoutes } from './routes/workshops.js'
import { serializerCompiler } from './serializer-compiler.js'
import { validatorCompiler } from './validator-compiler.js'

export interface RouteDependencies
  extends JobRoutes,
    EpochRoutes,
    Pick<ReplayRoutes, 'snapshots'>,
    Pick<ReceiptRoutes, 'receiptKeys'>,
    JobStreamRoutes,
    JobsStreamRoutes,
    JobDeletionRoutes,
    AuditRoutes,
    McpRoutes,
    ModelRoutes,
    WebhookRoutes,
    OperationRoutes,
    LimitRoutes,
    RegistryRoutes,
    ShareLinkRoutes,
    StreamTicketRoutes,
    SweepRoutes,
    SweepStreamRoutes,
    Pick<
      WorkshopRoutes,
      'workshops' | 'scores' | 'onLeaderboard' | 'sweeps' | 'wakeSweeps' | 'queue' | 'settings'
    >,
    Pick<InferenceRoutes, 'databaseTrouble'> {
  liveSweeps: SweepStreamRoutes['liveSweeps']
  live: JobStreamRoutes['live']
  keyMonitor: JobStreamRoutes['keyMonitor']
  keys: AdminKeyRoutes['keys']
  tenantAdministration: AdminTenantRoutes['tenantAdministration']
  onTenantDeletion: AdminTenantRoutes['onTenantDeletion']
  webhookAdministration: AdminWebhookRoutes['webhookAdministration']
  usage: UsageRoutes['usage']
  failedAuthentications: WorkshopRoutes['failedAuthentications'] & AdminKeyRoutes['failedAuthentications']
  openStreams: JobStreamRoutes['openStreams']
  /** Runs the computations of requests outside of the event loop. */
  thread: RequestThread & BodyThread
  datasets: DatasetRoutes['datasets']
  uploadReader: UploadRoutes['uploadReader']
  models: ModelRoutes['models'] &
    PredictionRoutes['models'] &
    ExportRoutes['models'] &
    RegistryRoutes['models']
  exportProcess: ExportRoutes['exportProcess']
  spoolSpace: ExportRoutes['spoolSpace']
  evaluationTurns: RetrainingRoutes['evaluationTurns']
  splits: RetrainingRoutes['splits']
  pictures: PredictionRoutes['pictures']
  statistics: DiagnosisRoutes['statistics']
}

/** @param dependencies called only when a request arrives */
export async function registerRoutes(
  app: FastifyInstance,
  dependencies: () => RouteDependencies,
): Promise<void> {
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(operationRoutes, { dependencies })
  await app.register(limitRoutes, { dependencies })
  await app.register(problemRoutes)
  await app.register(adminTenantRoutes, { dependencies })
  await app.register(adminKeyRoutes, { dependencies })
  await app.register(adminWebhookRoutes, { dependencies })
  await app.register(usageRoutes, { dependencies })
  await app.register(auditRoutes, { dependencies })
  await app.register(jobRoutes, { dependencies })
  await app.register(jobBatchRoutes, { dependencies })
  await app.register(jobDeletionRoutes, { dependencies })
  await app.register(replayRoutes, { dependencies })
  await app.register(receiptRoutes, { dependencies })
  await app.register(sweepRoutes, { dependencies })
  await app.register(repeatRoutes, { dependencies })
  await app.register(epochRoutes, { dependencies })
  await app.register(diagnosisRoutes, { dependencies })
  await app.register(jobStreamRoutes, { dependencies })
  await app.register(jobsStreamRoutes, { dependencies })
  await app.register(sweepStreamRoutes, { dependencies })
  await app.register(streamTicketRoutes, { dependencies })
  await app.register(shareLinkRoutes, { dependencies })
  await app.register(modelRoutes, { dependencies })
  await app.register(exportRoutes, { dependencies })
  await app.register(predictionRoutes, { dependencies })
  await app.register(registryRoutes, { dependencies })
  await app.register(aliasRoutes, { dependencies })
  await app.register(inferenceRoutes, { dependencies, prefix: '/v2' })
  await app.register(retrainingRoutes, { dependencies })
  await app.register(jobModelRoutes, { dependencies })
  await app.register(evaluateRoutes, { dependencies })
  await app.register(webhookRoutes, { dependencies })
  await app.register(workshopRoutes, { dependencies })
  await app.register(participationRoutes, { dependencies })
  await app.register(datasetRowRoutes, { dependencies })
  await app.register(datasetRoutes, { dependencies })
  await app.register(uploadRoutes, { dependencies })
  await app.register(mcpRoutes, { dependencies })
}
