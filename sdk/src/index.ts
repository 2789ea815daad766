export type { LimitChanges } from './admin-tenants.js'
export { Descent } from './client.js'
export type { ColumnType, Label, Row } from './columns.js'
export type { MissingRule, UploadSettings } from './datasets.js'
export * from './errors.js'
export type { ConnectionState, StreamOptions } from './follow.js'
export { type Epoch, Job, type JobRequest, type RequestWithLossAndEpochs } from './jobs.js'
export {
  type ImportFields,
  type Prediction,
  type PredictionRow,
  type Predictions,
  TypedModel,
} from './models.js'
export * from './problem-errors.js'
export type { Answer, CallOptions, Route, RouteInput, Schemas } from './routes.js'
export {
  Sweep,
  type SweepDoneOptions,
  type SweepRequest,
  type Trial,
} from './sweeps.js'
export type { ClientOptions } from './transport.js'
export type { UploadOptions, UploadProgress, UploadSource } from './upload.js'
export { type VerifyOptions, verifyWebhook, type WebhookEvent } from './verify-webhook.js'
export type {
  DoneOptions,
  EpochOptions,
  FinishedJob,
  JobData,
  StreamMessage,
  WatchOptions,
} from './watch-job.js'
export { type JobsStreamMessage, JobsWatch, type JobsWatchOptions } from './watch-jobs.js'
export type { SweepMessage, SweepWatchOptions } from './watch-sweep.js'
