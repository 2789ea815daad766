/** What the browser remembers of the playground: drawn points for good, settings and run until the tab closes. */
import { type PlaygroundState, readAddress, writeAddress } from './address.js'
import { readPoints, writePoints } from './points.js'

const pointsKey = 'descent-playground-points'
const stateKey = 'descent-playground'

interface Remembered extends PlaygroundState {
  /** The run of these settings. */
  jobId: string | null
  /** Values of the address that could not be read. */
  ignored: readonly string[]
}

/** Without settings in the address, those of the last visit. Without points in it, those that were drawn before. */
export function recall(argument: string): Remembered {
  const [address = '', jobId = ''] = (sessionStorage.getItem(stateKey) ?? '').split(' ')
  const state = readAddress(argument === '' ? address : argument)
  const isLast = argument === '' || argument === address
  return {
    ...state,
    ignored: argument === '' ? [] : state.ignored,
    clicked: state.clicked.length > 0 ? state.clicked : drawnBefore(),
    jobId: isLast && jobId !== '' ? jobId : null,
  }
}

const drawnBefore = () => readPoints(localStorage.getItem(pointsKey) ?? '') ?? []

export function remember(state: PlaygroundState, jobId: string | null): void {
  sessionStorage.setItem(stateKey, `${writeAddress(state)} ${jobId ?? ''}`)
  localStorage.setItem(pointsKey, writePoints(state.clicked))
}
