/** Keys in the database of a service, as its command creates them. */
import type { Scope } from '../../src/contract/key.js'
import { keyStore } from '../../src/store/keys.js'
import { withMigratedDatabase } from '../../src/store/migrated-database.js'
import { keyFor } from './keys.js'

/** What an application needs that uploads, trains, watches and predicts. */
export const applicationScopes = [
  'jobs:read',
  'jobs:write',
  'datasets:read',
  'datasets:write',
  'models:read',
  'models:predict',
] as const

/**
 * @param models only with the scope `models:predict`
 * @returns the text of the key
 */
export async function createKey(
  connectionString: string,
  tenantId: string,
  scopes: readonly Scope[],
  models: string[] = [],
): Promise<string> {
  const { text } = await withMigratedDatabase(connectionString, (database) =>
    keyFor({ keys: keyStore(database) }, tenantId, [...scopes], null, models),
  )
  return text
}
