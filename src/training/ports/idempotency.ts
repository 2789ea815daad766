/** A request with an Idempotency-Key. Repeating it creates nothing and returns the first answer. */
export interface Once {
  tenantId: string
  key: string
  /** Hash of the request; a different request with the same key is an error. */
  fingerprint: string
}

export interface IdempotencyStore {
  /** The stored answer, or null. @throws Problem `idempotency-key-reused` if the key was used for a different request */
  find(once: Once): Promise<unknown>
  /** Deletes answers older than a day. */
  cleanUp(): Promise<void>
}
