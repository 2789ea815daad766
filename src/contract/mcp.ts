import { z } from 'zod'

/** The library of the protocol checks it. */
export const mcpMessageSchema = z
  .union([z.looseObject({}), z.array(z.looseObject({}))])
  .describe('a message of JSON-RPC 2.0, as the Model Context Protocol defines it')
