/** Routes of the page: `#/view/argument`. */
import { useEffect, useState } from 'preact/hooks'

const viewNames = [
  'runs',
  'compare',
  'sweeps',
  'new-sweep',
  'playground',
  'lecture',
  'new',
  'camera',
  'models',
  'registry',
  'join',
  'workshop',
  'workshops',
  'shared',
  'admin',
] as const
type ViewName = (typeof viewNames)[number]

export interface Route {
  /** Undefined for an unknown address. */
  view: ViewName | undefined
  argument: string
}

export function currentRoute(): Route {
  const [view = '', argument = ''] = location.hash.replace(/^#\/?/, '').split('/')
  const name = view === '' ? 'runs' : view
  return { view: viewNames.find((each) => each === name), argument: decode(argument) }
}

/** Returns the text itself if it is not valid percent-encoding, which then matches no item. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export const link = (view: ViewName, argument = '') =>
  `#/${view}${argument === '' ? '' : `/${encodeURIComponent(argument)}`}`

export function go(view: ViewName, argument = ''): void {
  location.hash = link(view, argument)
}

/** Changes the address of the view without opening it again. @param argument of characters that fragments allow */
export function replaceAddress(view: ViewName, argument: string): void {
  history.replaceState(null, '', `#/${view}/${argument}`)
}

export function useRoute(): Route {
  const [route, setRoute] = useState(currentRoute)
  useEffect(() => {
    const update = () => setRoute(currentRoute())
    addEventListener('hashchange', update)
    return () => removeEventListener('hashchange', update)
  }, [])
  return route
}
