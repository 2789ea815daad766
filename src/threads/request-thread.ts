/** Computes in a thread what would block the event loop of an API process. */
import { TenantTurns } from '../base/tenant-turns.js'
import type { BodyThread } from '../bodies/body-thread.js'
import type { RequestThread } from '../training/ports/request-thread.js'
import { CallableThread, requireAnswer } from './callable-thread.js'
import type { FromRequestThread, ToRequestThread } from './messages.js'

type Answer<Type> = Extract<FromRequestThread, { type: Type }>

export function openRequestThread(): RequestThread & BodyThread & { close(): Promise<void> } {
  const thread = new CallableThread<ToRequestThread, FromRequestThread>('./request.thread.js')
  // The thread has the next task while it computes one. Another tenant waits for these two at most.
  const turns = new TenantTurns({ what: 'large requests', atOnce: 2, perTenant: 2, seconds: 30 })

  async function call<Type extends FromRequestThread['type']>(
    tenantId: string,
    type: Type,
    order: (callId: number) => ToRequestThread,
    signal?: AbortSignal,
  ): Promise<Answer<Type>> {
    const answer = await turns.run(tenantId, () => thread.call(order), signal)
    return requireAnswer<FromRequestThread, Type>(answer, type)
  }

  return {
    async read(body, { tenantId, signal }) {
      const order = (callId: number) => ({ type: 'body' as const, callId, body })
      return (await call(tenantId, 'body', order, signal)).answer
    },
    async describe(tenantId, dataset) {
      const order = (callId: number) => ({ type: 'describe' as const, callId, dataset })
      const { columns, rows } = await call(tenantId, 'described', order)
      return { columns, rows }
    },
    async rows(tenantId, dataset, numbers) {
      const order = (callId: number) => ({ type: 'rows' as const, callId, dataset, numbers })
      return (await call(tenantId, 'rows', order)).rows
    },
    async construct(tenantId, form) {
      const order = (callId: number) => ({ type: 'construct' as const, callId, form })
      return (await call(tenantId, 'constructed', order)).network
    },
    async prepare(tenantId, rows, preparation) {
      const order = (callId: number) => ({ type: 'prepare' as const, callId, rows, preparation })
      return (await call(tenantId, 'prepared', order)).outcome
    },
    close: () => thread.close(),
  }
}
