/** Signed receipts of runs, and their check. */
import {
  receiptCheckRequestSchema,
  receiptCheckSchema,
  receiptKeySchema,
  receiptSchema,
} from '../../contract/receipt.js'
import type { ReceiptKeys } from '../../training/ports/receipt-keys.js'
import { checkReceipt, receiptKey, receiptOf } from '../../training/receipt.js'
import { requirePrincipal } from '../principal.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import type { DatasetRoutes } from './datasets.js'
import type { ReplayRoutes } from './replays.js'

export interface ReceiptRoutes extends ReplayRoutes, Pick<DatasetRoutes, 'datasets'> {
  receiptKeys: ReceiptKeys
}

export const receiptRoutes: RoutePlugin<ReceiptRoutes> = (app, { dependencies }, done) => {
  app.get(
    '/jobs/:id/receipt',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'getReceipt',
        summary: 'Get the signed receipt of a finished job',
        description:
          'Spec, data, backend and release of the run, and hashes of its metrics and weights. The receipt of a verification ' +
          'also says whether both runs are equal.',
        params: idParameters,
        response: { 200: receiptSchema, ...failures },
      },
    },
    async (request) => {
      const { jobs, models, datasets, epochs, snapshots, receiptKeys: keys } = dependencies()
      const { tenantId } = requirePrincipal(request)
      const stores = { jobs: jobs.of(tenantId), models: models.of(tenantId), datasets: datasets.of(tenantId) }
      return receiptOf({ ...stores, epochs, snapshots, keys }, request.params.id)
    },
  )

  app.get(
    '/receipts/key',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'getReceiptKey',
        summary: 'Get the public key that signs receipts',
        response: { 200: receiptKeySchema, ...failures },
      },
    },
    async () => ({ object: 'receiptKey' as const, publicKey: await receiptKey(dependencies().receiptKeys) }),
  )

  app.post(
    '/receipts/check',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'checkReceipt',
        summary: 'Check the signature of a receipt, also of another service',
        body: receiptCheckRequestSchema,
        response: { 200: receiptCheckSchema, ...failures },
      },
    },
    async (request) => checkReceipt(dependencies().receiptKeys, request.body),
  )

  done()
}
