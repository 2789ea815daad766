/** A server of the Model Context Protocol over the HTTP API. */
import { McpServer } from '@modelcontextprotocol/server'
import { release } from '../contract/release.js'
import { addResources, type Document } from './resources.js'
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
