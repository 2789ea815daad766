/** The API key. The session storage of the tab keeps it, so it survives a reload and ends with the tab. */
const keyName = 'descent-key'
/** Has a value while the key is that of a workshop's participant. */
const participantName = 'descent-participant'
const listeners = new Set<() => void>()
let key = readStored(keyName)
let participates = readStored(participantName) !== undefined

/** The browser may refuse its storage. The key is then in memory only. */
function readStored(name: string): string | undefined {
  try {
    return sessionStorage.getItem(name) ?? undefined
  } catch {
    return undefined
  }
}

function store(name: string, value: string | undefined): void {
  try {
    if (value === undefined) sessionStorage.removeItem(name)
    else sessionStorage.setItem(name, value)
  } catch {
    // In memory only.
  }
}

export const currentKey = () => key

/** Whether the key joined a workshop on this page. */
export const isParticipant = () => participates

/** @param joined whether it is the key of a workshop's participant */
export function setKey(value: string, joined = false): void {
  key = value === '' ? undefined : value
  participates = joined
  store(keyName, key)
  store(participantName, joined ? 'yes' : undefined)
  for (const notify of listeners) notify()
}

export function onKeyChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
