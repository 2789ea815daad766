/** The API key. The session storage of the tab keeps it, so it survives a reload and ends with the tab. */
const storageKey = 'descent-key'
const listeners = new Set<() => void>()
let key = readStored()

/** The browser may refuse its storage. The key is then in memory only. */
function readStored(): string | undefined {
  try {
    return sessionStorage.getItem(storageKey) ?? undefined
  } catch {
    return undefined
  }
}

export const currentKey = () => key

export function setKey(value: string): void {
  key = value === '' ? undefined : value
  try {
    if (key === undefined) sessionStorage.removeItem(storageKey)
    else sessionStorage.setItem(storageKey, key)
  } catch {
    // In memory only.
  }
  for (const notify of listeners) notify()
}

export function onKeyChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
