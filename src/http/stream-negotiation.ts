/** Content negotiation of the stream routes: a WebSocket or server-sent events. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Problem } from '../contract/problems.js'
import { sendProblem } from './problem-responses.js'

/** @param message the name of the messages in the OpenAPI document */
export const eventStreamContent = (message: string) => ({
  description: `server-sent events, each with a \`${message}\` as its data`,
  content: { 'text/event-stream': { schema: z.unknown().meta({ type: 'string' }) } },
})

export const acceptsEventStream = (request: FastifyRequest) =>
  request.accepts().type(['json', 'text/event-stream']) === 'text/event-stream'

export function sendWebSocketRequired(reply: FastifyReply): Promise<void> {
  reply.header('upgrade', 'websocket')
  const detail = 'Connect to this address with a WebSocket, or send accept: text/event-stream.'
  return sendProblem(reply, new Problem('websocket-required', detail))
}
