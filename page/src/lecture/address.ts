/** The address of a demonstration with its settings: `momentum;condition=400;angle=45`. */
import { catalogue, type DemonstrationId, isDemonstrationId } from '../../../examples/lecture/catalogue.js'
import { type Controls, initialSettings, type Settings } from '../../../examples/lecture/demonstration.js'

export interface Address {
  id: DemonstrationId
  settings: Settings
  /** Whether the address names settings, as a link to a result does. */
  isResult: boolean
}

/** Null if there is no such demonstration. Unknown settings are ignored. */
export function readAddress(argument: string): Address | null {
  const [id = '', ...parts] = argument.split(';')
  if (!isDemonstrationId(id)) return null
  const controls: Controls = catalogue[id].controls
  const changed = parts.flatMap((part): [string, number][] => {
    const [name = '', value = ''] = part.split('=')
    return controls[name]?.values.includes(Number(value)) ? [[name, Number(value)]] : []
  })
  const settings = { ...initialSettings(controls), ...Object.fromEntries(changed) }
  return { id, settings, isResult: parts.length > 0 }
}

/** A link to the result of a demonstration without controls ends in `;result`. */
export function writeAddress(id: DemonstrationId, settings: Settings): string {
  const parts = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return [id, ...(parts.length === 0 ? ['result'] : parts)].join(';')
}
