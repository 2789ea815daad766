import { z } from 'zod'

/** Messages of a request. Each may cost as much as a request. */
const maximumMessages = 10

/** The library of the protocol checks it. */
export const mcpMessageSchema = z
  .union([z.looseObject({}), z.array(z.looseObject({})).max(maximumMessages)])
  .describe('a message of JSON-RPC 2.0, as the Model Context Protocol defines it')
