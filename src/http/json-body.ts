/** Bodies are JSON: parsed by Fastify's own parser, which refuses __proto__, after a look at how deep they go. */
import type { FastifyInstance } from 'fastify'
import { Problem } from '../contract/problems.js'

const maximumDepth = 32

export function parseJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString()
    if (isDeeperThan(text, maximumDepth)) {
      done(new Problem('too-deep', `The body is nested more than ${maximumDepth} levels deep.`))
      return
    }
    parse(request, text, (error, value) => {
      if (error === null) done(null, value)
      else done(new Problem('malformed-json', whyNot(text)))
    })
  })
}

/** What is wrong with a body that was refused. */
function whyNot(text: string): string {
  if (text.trim() === '') return 'The body is empty; JSON is expected.'
  try {
    JSON.parse(text)
    return 'The body uses the names __proto__ or constructor.prototype, which are not allowed.'
  } catch (error) {
    return `The body is not valid JSON: ${error instanceof Error ? error.message : error}.`
  }
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
