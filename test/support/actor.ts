import type { Actor } from '../../src/training/ports/audit.js'

/** The actor of changes that tests make without a request. */
export const byTest: Actor = { type: 'command', id: 'test', requestId: null, address: null }
