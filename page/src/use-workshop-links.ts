/** The links of the header to the workshop that the key joined, and to the workshops that it may open. */
import { useEffect, useState } from 'preact/hooks'
import { client } from './api/client.js'
import { isParticipant } from './api/key.js'

const joined = [['workshop', 'Workshop']] as const
const opened = [['workshops', 'Workshops']] as const

/** @param keyVersion changes with the key, whose scopes decide */
export function useWorkshopLinks(keyVersion: number): typeof joined | typeof opened | readonly [] {
  const [mayOpen, setMayOpen] = useState(false)
  useEffect(() => {
    setMayOpen(false)
    // The key of a participant has no scope for workshops.
    if (isParticipant()) return
    let isCancelled = false
    client.request('GET /workshops').then(
      () => {
        if (!isCancelled) setMayOpen(true)
      },
      // Without the scope, or without a key, there is no link.
      () => {},
    )
    return () => {
      isCancelled = true
    }
  }, [keyVersion])
  return isParticipant() ? joined : mayOpen ? opened : []
}
