/** Who runs a command, for the audit log. */
import { userInfo } from 'node:os'
import type { Actor } from '../training/ports/audit.js'

/** The user of the operating system, who may have no name in a container. */
export function commandActor(): Actor {
  let id: string | null = null
  try {
    id = userInfo().username
  } catch {
    // The entry has no name then.
  }
  return { type: 'command', id, requestId: null, address: null }
}
