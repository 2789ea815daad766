/** What the stream of a job and that of many have in common. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Problem } from '../contract/problems.js'
import { sendProblem } from './problem-answers.js'

export const streamLimits = { maximumBufferedBytes: 512 * 1024, readyBytes: 64 * 1024 } as const

export const eventStreamContent = {
  description: 'server-sent events, each with a message as its data',
  // What is sent is a stream.
  content: { 'text/event-stream': { schema: z.unknown().meta({ type: 'string' }) } },
}

export const wantsEvents = (request: FastifyRequest) =>
  request.accepts().type(['json', 'text/event-stream']) === 'text/event-stream'

export function sendWebSocketRequired(reply: FastifyReply): Promise<void> {
  reply.header('upgrade', 'websocket')
  const message = 'Connect to this address with a WebSocket, or ask for text/event-stream.'
  return sendProblem(reply, new Problem('websocket-required', message))
}
