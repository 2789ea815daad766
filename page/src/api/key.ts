/** The API key: in memory only, gone with the page. */
let key: string | undefined
const listeners = new Set<() => void>()

export const currentKey = () => key

export function setKey(value: string): void {
  key = value === '' ? undefined : value
  for (const tell of listeners) tell()
}

export function onKeyChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
