/** The client of the service that this page comes from. */
import { Descent } from '../../../sdk/src/index.js'
import { currentKey } from './key.js'

/** A page that stays open connects again after any time. */
export const client = new Descent({ key: currentKey, streamPatience: Infinity })
