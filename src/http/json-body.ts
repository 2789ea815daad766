/**
 * Bodies are JSON in UTF-8: parsed by Fastify's own parser, which refuses __proto__, after a look at how deep they go.
 * A name that stands twice in one object is refused, since readers differ on which of the two counts.
 */
import type { FastifyInstance } from 'fastify'
import { outlineOf } from '../contract/json-outline.js'
import { Problem } from '../contract/problems.js'

const maximumDepth = 32

const utf8 = new TextDecoder('utf-8', { fatal: true })

export function parseJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity') {
      done(
        new Problem(
          'unsupported-media-type',
          `A body packed as ${encoding} is not read here; send it as it is.`,
        ),
      )
      return
    }
    const text = decode(body)
    if (text === undefined) {
      done(new Problem('malformed-json', 'The body is not UTF-8.'))
      return
    }
    const { tooDeep, repeatedName } = outlineOf(text, maximumDepth)
    if (tooDeep) {
      done(new Problem('too-deep', `The body is nested more than ${maximumDepth} levels deep.`))
      return
    }
    parse(request, text, (error, value) => {
      if (error !== null) done(new Problem('malformed-json', whyNot(text)))
      else if (repeatedName !== undefined) done(new Problem('malformed-json', twice(repeatedName)))
      else done(null, value)
    })
  })
}

function decode(body: string | Buffer): string | undefined {
  if (typeof body === 'string') return body
  try {
    return utf8.decode(body)
  } catch {
    return undefined
  }
}

const longestShown = 40

function twice(name: string): string {
  const shown = name.length > longestShown ? `${name.slice(0, longestShown)}…` : name
  return `The body has the name ${JSON.stringify(shown)} twice in one object.`
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
