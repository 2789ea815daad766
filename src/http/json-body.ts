/** JSON bodies: parsed by Fastify's own parser, which refuses __proto__, after a look at how deep they go. */
import type { FastifyInstance } from 'fastify'
import { Problem } from '../contract/problems.js'

const maximumDepth = 32

export function parseJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = typeof body === 'string' ? body : body.toString('utf8')
    if (isDeeperThan(text, maximumDepth)) {
      done(new Problem('too-deep', `The body is nested more than ${maximumDepth} levels deep.`))
    } else {
      parse(request, text, done)
    }
  })
}

/** Counts brackets outside of strings, without building anything. */
export function isDeeperThan(json: string, maximum: number): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < json.length; index++) {
    switch (json[index]) {
      case '\\':
        index++
        break
      case '"':
        inString = !inString
        break
      case '{':
      case '[':
        if (!inString && ++depth > maximum) return true
        break
      case '}':
      case ']':
        if (!inString) depth--
        break
    }
  }
  return false
}
