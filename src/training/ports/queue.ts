/** Wakes workers, which read their jobs from the database. */
export interface JobQueue {
  /** Announces that jobs may be queued. */
  wake(): Promise<void>
  /** Announces the commit of a transaction that queued jobs. */
  afterCommit(): Promise<void>
  /** Number of connected workers. @throws Error if the queue is unreachable */
  workers(): Promise<number>
  close(): Promise<void>
}
