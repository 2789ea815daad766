/** The backends there are, in the order `auto` prefers them. */
import type { Backend, BackendName } from './kernels.js'
import { nativeBackend } from './native/backend.js'
import { referenceBackend } from './reference/backend.js'
import { wasmBackend } from './wasm/backend.js'

export const backends: readonly Backend[] = [nativeBackend, wasmBackend, referenceBackend]

/**
 * The backend asked for, or with `auto` the fastest that runs here.
 * @throws Error saying why the one asked for does not run here: it is never silently swapped.
 */
export function selectBackend(name: BackendName | 'auto'): Backend {
  for (const backend of backends) {
    if (name === 'auto' && backend.unavailable() === null) return backend
    if (backend.name !== name) continue
    const reason = backend.unavailable()
    if (reason === null) return backend
    throw new Error(`the backend ${name} does not run here: ${reason}`)
  }
  throw new Error(`there is no backend ${name}`)
}

/** @returns the backend of that name if it runs here. */
export function runnableBackend(name: string | null): BackendName | null {
  const backend = backends.find((each) => each.name === name)
  return backend === undefined || backend.unavailable() !== null ? null : backend.name
}

export interface BackendChoice {
  readonly name: BackendName
  /** The faster ones that do not run here, and why. */
  readonly passedOver: { readonly name: BackendName; readonly reason: string }[]
}

/** What `selectBackend` gives, and why nothing faster. @throws Error as `selectBackend`. */
export function explainBackend(name: BackendName | 'auto'): BackendChoice {
  const chosen = selectBackend(name)
  const faster = backends.slice(0, backends.indexOf(chosen))
  const passedOver = faster.map((backend) => ({
    name: backend.name,
    reason: backend.unavailable() ?? `${chosen.name} was asked for`,
  }))
  return { name: chosen.name, passedOver }
}
