/** Keeps the address of the playground equal to its settings, and reads an address that is entered or pasted. */
import { useEffect, useRef } from 'preact/hooks'
import { currentRoute, replaceAddress } from '../router.js'
import { type PlaygroundState, writeAddress } from './address.js'

/** Browsers refuse many changes of the address in a short time, as a slider makes. */
const writeMilliseconds = 250

/** @param onEntered called with the argument of an address that is not that of the state */
export function useAddress(state: PlaygroundState, onEntered: (argument: string) => void): void {
  const address = writeAddress(state)
  const first = useRef(address)
  const written = useRef('')
  useEffect(() => {
    // The address without settings stays until a change.
    if (address === first.current && written.current === '') return
    const timer = setTimeout(() => {
      written.current = address
      replaceAddress('playground', address)
    }, writeMilliseconds)
    return () => clearTimeout(timer)
  }, [address])
  useEffect(() => {
    const read = () => {
      const { view, argument } = currentRoute()
      if (view === 'playground' && argument !== '' && argument !== written.current) onEntered(argument)
    }
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
}
