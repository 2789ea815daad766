/** Keys for tests. */
import type { Scope } from '../../src/contract/key.js'
import { makeKey } from '../../src/training/key-text.js'
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
  const { id } = await keys.create({ ...made, tenantId, scopes, models, days })
  return { id, text, header: `Bearer ${text}` }
}
