/** What of requests takes the event loop of an API process too long, computed in a thread. */
import type { BodyThread } from '../http/body-thread.js'
import type { RequestThread } from '../training/ports/request-thread.js'
import { CallableThread } from './callable-thread.js'
import type { FromRequestThread, ToRequestThread } from './messages.js'

type Answer<Type> = Extract<FromRequestThread, { type: Type }>

export function openRequestThread(): RequestThread & BodyThread & { close(): Promise<void> } {
  const thread = new CallableThread<ToRequestThread, FromRequestThread>('./request.thread.js')

  async function ask<Type extends FromRequestThread['type']>(
    type: Type,
    order: (question: number) => ToRequestThread,
  ): Promise<Answer<Type>> {
    const answer = await thread.ask(order)
    if (isOf(type, answer)) return answer
    throw new Error(`${type} was requested, not ${answer.type}`)
  }

  return {
    async read(body) {
      return (await ask('body', (question) => ({ type: 'body', question, body }))).answer
    },
    async describe(dataset) {
      const { columns, rows } = await ask('described', (question) => ({
        type: 'describe',
        question,
        dataset,
      }))
      return { columns, rows }
    },
    async rows(dataset, numbers) {
      return (await ask('rows', (question) => ({ type: 'rows', question, dataset, numbers }))).rows
    },
    async construct(form) {
      return (await ask('constructed', (question) => ({ type: 'construct', question, form }))).network
    },
    async prepare(rows, preparation) {
      const order = (question: number) => ({ type: 'prepare' as const, question, rows, preparation })
      return (await ask('prepared', order)).outcome
    },
    close: () => thread.close(),
  }
}

function isOf<Type extends FromRequestThread['type']>(
  type: Type,
  answer: FromRequestThread,
): answer is Answer<Type> {
  return answer.type === type
}
