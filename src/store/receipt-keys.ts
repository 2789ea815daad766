/** The key that signs receipts: one for all API processes. */
import type { ReceiptKeys } from '../training/ports/receipt-keys.js'
import type { Database } from './database.js'

export function receiptKeys(database: Database): ReceiptKeys {
  return {
    async read(generate) {
      const stored = await database.receiptKey.findUnique({ where: { id: 1 } })
      if (stored !== null) return stored.privateKey
      // Of several processes, one stores its key.
      await database.receiptKey.createMany({ data: [{ privateKey: generate() }], skipDuplicates: true })
      return (await database.receiptKey.findUniqueOrThrow({ where: { id: 1 } })).privateKey
    },
  }
}
