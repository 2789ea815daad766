/** Creates keys, and lists those of all tenants. */
import { useState } from 'preact/hooks'
import { KeyTable } from './admin-key-table.js'
import { NewKeys } from './admin-new-keys.js'

export function AdminKeys() {
  const [created, setCreated] = useState(0)
  return (
    <>
      <NewKeys onCreated={() => setCreated((count) => count + 1)} />
      <KeyTable key={created} />
    </>
  )
}
