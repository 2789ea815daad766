/** Keys for tests. */
import type { Scope } from '../../src/contract/key.js'
import { makeKey } from '../../src/training/key-text.js'
import { byTest } from './actor.js'
import type { Stores } from './stores.js'

/** Makes a key of a tenant, and gives its id and its text. */
export async function keyFor(
  { keys }: Pick<Stores, 'keys'>,
  tenantId: string,
  scopes: Scope[],
  days: number | null = null,
  models: string[] = [],
): Promise<{ id: string; text: string; header: string }> {
  const { text, ...made } = makeKey()
  const expiry = days === null ? null : { days }
  const { id } = await keys.create({ ...made, tenantId, name: null, scopes, models, expiry }, byTest)
  return { id, text, header: `Bearer ${text}` }
}
