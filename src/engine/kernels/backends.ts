/** All backends, in the order in which `auto` prefers them. */
import type { Backend, BackendName } from './backend.js'
import { nativeBackend } from './native/backend.js'
import { referenceBackend } from './reference/backend.js'
import { wasmBackend } from './wasm/backend.js'

export const backends: readonly Backend[] = [nativeBackend, wasmBackend, referenceBackend]

/**
 * The named backend, or with `auto` the fastest available one.
 * @throws Error with the reason when the named backend is not available; it is never replaced by another.
 */
export function selectBackend(name: BackendName | 'auto'): Backend {
  for (const backend of backends) {
    if (name === 'auto' && backend.unavailableReason() === null) return backend
    if (backend.name !== name) continue
    const reason = backend.unavailableReason()
    if (reason === null) return backend
    throw new Error(`the backend ${name} is not available: ${reason}`)
  }
  throw new Error(`there is no backend ${name}`)
}

/** @returns the name of an available backend; null if there is no such backend or it is not available. */
export function runnableBackend(name: string | null): BackendName | null {
  const backend = backends.find((candidate) => candidate.name === name)
  return backend === undefined || backend.unavailableReason() !== null ? null : backend.name
}

interface BackendChoice {
  readonly name: BackendName
  /** Faster backends that were not chosen, and why. */
  readonly passedOver: { readonly name: BackendName; readonly reason: string }[]
}

/** The choice of `selectBackend`, with the reasons against faster backends. @throws Error as `selectBackend`. */
export function explainBackend(name: BackendName | 'auto'): BackendChoice {
  const chosen = selectBackend(name)
  const faster = backends.slice(0, backends.indexOf(chosen))
  const passedOver = faster.map((backend) => ({
    name: backend.name,
    reason: backend.unavailableReason() ?? `${chosen.name} was requested`,
  }))
  return { name: chosen.name, passedOver }
}

/** The backend with its variant, such as `native/avx2`. @throws Error as `selectBackend` */
export function variantOf(name: BackendName): string {
  const variant = selectBackend(name).variant()
  return variant === null ? name : `${name}/${variant}`
}
