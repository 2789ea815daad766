/**
 * Limits the memory of answers that clients do not read. A client may read megabytes slowly, on many connections. So a tenant
 * that left too many bytes gets no further answers until it reads them or closes their connections.
 */
import type { ServerResponse } from 'node:http'
import type { onSendHookHandler, preHandlerHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { Problem } from '../../contract/problems.js'
import { requirePrincipal } from '../principal.js'
import { onceClosed } from '../response-close.js'
import { isShort } from './stalled-readers.js'

interface UnreadAnswerOptions {
  /** Of one tenant. */
  bytes: number
}

/** For the routes that are registered after this plugin. Register it after `takeTurns`, so that answers are counted in turn. */
export const limitUnreadAnswers = fastifyPlugin<UnreadAnswerOptions>((app, { bytes: limit }, done) => {
  /** The long answers of each tenant that are not sent yet. */
  const answers = new Map<string, Set<ServerResponse>>()

  const refuse: preHandlerHookHandler = (request, _reply, next) => {
    const unread = answers.get(requirePrincipal(request).countedAs)
    const bytes = unread === undefined ? 0 : sumOf(unread)
    next(bytes < limit ? undefined : tooManyBytes(bytes, limit))
  }

  const count: onSendHookHandler = (request, reply, payload, next) => {
    // The principal is missing if the request is refused.
    if (isShort(payload) || request.principal === null) return next(null, payload)
    const { countedAs } = request.principal
    const { raw } = reply
    const unread = answers.get(countedAs) ?? new Set()
    answers.set(countedAs, unread.add(raw))
    onceClosed(reply, () => {
      unread.delete(raw)
      if (unread.size === 0 && answers.get(countedAs) === unread) answers.delete(countedAs)
    })
    next(null, payload)
  }

  app.addHook('onRoute', (route) => {
    const { scope = 'public', isStream = false } = route.config ?? {}
    if (scope === 'public' || isStream) return
    route.preHandler = [refuse, route.preHandler ?? []].flat()
    route.onSend = [route.onSend ?? [], count].flat()
  })
  done()
})

const sumOf = (answers: ReadonlySet<ServerResponse>) =>
  [...answers].reduce((sum, { writableLength }) => sum + writableLength, 0)

function tooManyBytes(bytes: number, limit: number): Problem {
  return new Problem(
    'overloaded',
    `The clients of this tenant have not read ${bytes} bytes of earlier answers; the limit is ${limit}. Read them, or ` +
      'close their connections, then retry.',
  )
}
