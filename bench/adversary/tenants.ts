/** Twenty tenants with a key each; one of them is the adversary. */
import { scopeSchema } from '../../src/contract/key.js'
import { openDatabase } from '../../src/store/database.js'
import { keyStore } from '../../src/store/keys.js'
import { makeKey } from '../../src/training/key-text.js'

const tenants = 20

export interface TwoKeys {
  adversary: string
  ordinary: string
}

/** Each may do everything that a key can allow. */
export async function makeTenants(connectionString: string): Promise<TwoKeys> {
  const database = openDatabase(connectionString, { prisma: 1, statements: 1 })
  try {
    const texts: string[] = []
    for (let tenant = 0; tenant < tenants; tenant++) {
      const { text, ...made } = makeKey()
      const scopes = [...scopeSchema.options]
      const tenantId = `tenant-${tenant}`
      const key = { ...made, tenantId, name: null, scopes, models: [], expiry: null }
      await keyStore(database).create(key, { type: 'command', id: 'bench', requestId: null, address: null })
      texts.push(text)
    }
    const [adversary, ordinary] = texts
    return { adversary, ordinary }
  } finally {
    await database.$disconnect()
  }
}
