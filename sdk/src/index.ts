export { Descent } from './client.js'
export * from './errors.js'
export type { ConnectionState, StreamOptions } from './follow.js'
export { type Epoch, Job, type JobRequest } from './jobs.js'
export * from './problem-errors.js'
export type { Answer, CallOptions, Route, RouteInput, Schemas } from './routes.js'
export type { ClientOptions } from './transport.js'
export type {
  DoneOptions,
  EpochOptions,
  FinishedJob,
  JobData,
  StreamMessage,
  WatchOptions,
} from './watch-job.js'
