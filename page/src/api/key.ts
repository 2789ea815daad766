/** The API key. Kept in memory only, so a reload forgets it. */
let key: string | undefined
const listeners = new Set<() => void>()

export const currentKey = () => key

export function setKey(value: string): void {
  key = value === '' ? undefined : value
  for (const notify of listeners) notify()
}

export function onKeyChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
