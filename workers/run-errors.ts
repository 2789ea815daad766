/** Classifies the errors that end a run. Each error has one kind, and each kind one class. */
import type { ReleaseReason } from '../src/contract/job-event.js'
import { DatasetError } from '../src/datasets/table.js'
import { SpecError } from '../src/engine/index.js'
import { ThreadCrash } from './trainer-pool.js'

/** Why the database could not execute a statement; null if the statement itself is at fault. */
export type DatabaseTrouble = (error: unknown) => 'unavailable' | 'insufficient-storage' | null

type ErrorKind = 'unfit' | 'thread-died' | 'database-unavailable' | 'database-full' | 'fault'

export type ErrorClass =
  /** No further attempt can succeed. The client sees the message. */
  | { class: 'refused' }
  /** Another attempt may succeed, so the job returns to the queue. */
  | { class: 'retried'; reason: ReleaseReason }
  /** A defect of the service. The job fails as `internal`, and the log has the details. */
  | { class: 'ours' }

const classes: Record<ErrorKind, ErrorClass> = {
  unfit: { class: 'refused' },
  'thread-died': { class: 'retried', reason: 'thread-died' },
  'database-unavailable': { class: 'retried', reason: 'database-unavailable' },
  'database-full': { class: 'retried', reason: 'database-full' },
  fault: { class: 'ours' },
}

export function classifyError(error: unknown, databaseTrouble: DatabaseTrouble): ErrorClass {
  return classes[errorKind(error, databaseTrouble)]
}

function errorKind(error: unknown, databaseTrouble: DatabaseTrouble): ErrorKind {
  if (error instanceof DatasetError || error instanceof SpecError) return 'unfit'
  // A shortage of memory may pass. Other errors in a thread would occur again.
  if (error instanceof ThreadCrash) return error.isFault ? 'fault' : 'thread-died'
  const trouble = databaseTrouble(error)
  switch (trouble) {
    case 'unavailable':
      return 'database-unavailable'
    case 'insufficient-storage':
      return 'database-full'
    case null:
      return 'fault'
    default:
      return trouble satisfies never
  }
}
