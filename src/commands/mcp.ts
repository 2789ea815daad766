/**
 * Serves the Model Context Protocol on standard input and output, over a service at DESCENT_URL with the key DESCENT_KEY.
 * Run by clients without npm, which would write to standard output.
 */
import { fileURLToPath } from 'node:url'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { readConfig } from '../config.js'
import { readDocuments } from '../mcp/documents.js'
import { createMcpServer } from '../mcp/server.js'
import { askOver } from '../mcp/service-client.js'

const { DESCENT_URL, DESCENT_KEY } = readConfig()
const documents = readDocuments(fileURLToPath(new URL('../../../docs', import.meta.url)))

serveStdio(() => createMcpServer(askOver(DESCENT_URL, DESCENT_KEY), documents))
