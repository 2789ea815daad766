/** The Model Context Protocol over standard input and output, by the built command, over a service with keys. */
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'

let service: RunningApp
let url: string

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(() => service.close())

async function connect(environment: Record<string, string>): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' })
  const args = ['dist/src/commands/mcp.js']
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env: environment }))
  onTestFinished(() => client.close())
  return client
}

it('calls the service with the key of the environment', async () => {
  const { text: key } = await keyFor(service, 'reader', ['datasets:read'])
  const client = await connect({ DESCENT_URL: url, DESCENT_KEY: key })
  const listed = await client.callTool({ name: 'get_dataset', arguments: { dataset: 'iris' } })
  expect(JSON.stringify(listed.content)).toContain('sepal')
  const refused = await client.callTool({ name: 'list_jobs', arguments: {} })
  expect(refused.isError).toBe(true)
  expect(JSON.stringify(refused.content)).toContain('jobs:read')
  const { resources } = await client.listResources()
  expect(resources.map(({ uri }) => uri)).toContain('descent://documents/mcp')
})

it('says which service does not answer', async () => {
  const client = await connect({ DESCENT_URL: 'http://127.0.0.1:1' })
  const failed = await client.callTool({ name: 'list_jobs', arguments: {} })
  expect(failed.isError).toBe(true)
  expect(JSON.stringify(failed.content)).toContain('http://127.0.0.1:1 does not answer')
})
