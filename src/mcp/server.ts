/** A server of the Model Context Protocol over the HTTP API. */
import { createMcpHandler, type McpHttpHandler, McpServer } from '@modelcontextprotocol/server'
import { release } from '../contract/release.js'
import type { Document } from './documents.js'
import { addResources } from './resources.js'
import type { Ask } from './service.js'
import { tools } from './tools.js'

const instructions =
  'Descent trains neural networks. Describe the data with get_dataset, check a spec with validate_job, train, then use ' +
  'diagnose_job and plot_losses to improve it, and predict with the modelId of the job. Without a network, train proposes one.'

/** @param ask sends requests with the key of the client */
export function createMcpServer(ask: Ask, documents: readonly Document[]): McpServer {
  const server = new McpServer({ name: 'descent', version: release }, { instructions })
  for (const { name, title, description, input, annotations, run } of tools) {
    server.registerTool(
      name,
      { title, description, inputSchema: input, annotations },
      (given, { mcpReq: { signal } }) => run(given, { ask, signal }),
    )
  }
  addResources(server, ask, documents)
  return server
}

/** Answers messages over HTTP, each by itself. @param askFor sends requests with the key of the client of a message */
export function openMcpHandler(
  askFor: (message: Request) => Ask,
  documents: readonly Document[],
): McpHttpHandler {
  return createMcpHandler(
    ({ requestInfo }) => {
      if (requestInfo === undefined) throw new Error('the message has no request')
      return createMcpServer(askFor(requestInfo), documents)
    },
    // Nothing is published, and open streams would escape the limits.
    { maxSubscriptions: 0 },
  )
}
