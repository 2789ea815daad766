/** What becomes of a job when an error ends its run: every error is of one kind, and every kind has its class. */
import type { ReleaseReason } from '../src/contract/job-event.js'
import { DatasetError } from '../src/datasets/table.js'
import { SpecError } from '../src/engine/index.js'
import { ThreadCrash } from './trainer-pool.js'

/** What of a database is in the way of a statement; null when the statement itself is. */
export type DatabaseTrouble = (error: unknown) => 'unavailable' | 'insufficient-storage' | null

type ErrorKind = 'unfit' | 'thread-died' | 'database-unavailable' | 'database-full' | 'fault'

export type ErrorClass =
  /** No further attempt changes it, and its words are for the client. */
  | { class: 'refused' }
  /** It may go well another time: the job goes back to the queue. */
  | { class: 'retried'; reason: ReleaseReason }
  /** Our mistake: the job fails as `internal`, and the log says more. */
  | { class: 'ours' }

const classes: Record<ErrorKind, ErrorClass> = {
  unfit: { class: 'refused' },
  'thread-died': { class: 'retried', reason: 'thread-died' },
  'database-unavailable': { class: 'retried', reason: 'database-unavailable' },
  'database-full': { class: 'retried', reason: 'database-full' },
  fault: { class: 'ours' },
}

export function classOf(error: unknown, databaseTrouble: DatabaseTrouble): ErrorClass {
  return classes[kindOf(error, databaseTrouble)]
}

function kindOf(error: unknown, databaseTrouble: DatabaseTrouble): ErrorKind {
  if (error instanceof DatasetError || error instanceof SpecError) return 'unfit'
  // Too little memory may be enough another time; whatever else the code in a thread throws, it throws again.
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
