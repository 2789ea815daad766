import { scanJson } from '../base/scan-json.js'
import { Problem } from '../contract/problems.js'

const maximumDepth = 32

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Parses JSON strictly: UTF-8, a limited depth, no repeated names, no names that could change a prototype.
 * @throws Problem `malformed-json` or `too-deep`
 */
export function parseJson(body: Uint8Array): unknown {
  const text = decode(body)
  const { tooDeep, repeatedName } = scanJson(text, maximumDepth)
  if (tooDeep) throw new Problem('too-deep', `The body is nested more than ${maximumDepth} levels deep.`)
  const value = parse(text)
  if (hasPrototypeName(text, value)) {
    const detail =
      'The body contains the field name __proto__ or constructor.prototype, which is not allowed.'
    throw new Problem('malformed-json', detail)
  }
  if (repeatedName !== undefined) throw new Problem('malformed-json', repeatedNameDetail(repeatedName))
  return value
}

function decode(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw new Problem('malformed-json', 'The body is not UTF-8.')
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') throw new Problem('malformed-json', 'The body is empty; JSON is expected.')
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    throw new Problem('malformed-json', `The body is not valid JSON: ${reason}.`)
  }
}

/** Whether an object has a name that changes its prototype when it is copied. */
function hasPrototypeName(text: string, value: unknown): boolean {
  // Names may contain escapes.
  if (!/__proto__|constructor|\\u/.test(text)) return false
  const left = [value]
  for (let each = left.pop(); left.length > 0 || each !== undefined; each = left.pop()) {
    if (typeof each !== 'object' || each === null) continue
    if (Object.hasOwn(each, '__proto__')) return true
    for (const [name, member] of Object.entries(each)) {
      const isObject = typeof member === 'object' && member !== null
      if (!isObject) continue
      if (name === 'constructor' && Object.hasOwn(member, 'prototype')) return true
      left.push(member)
    }
  }
  return false
}

const longestShown = 40

function repeatedNameDetail(name: string): string {
  const shown = name.length > longestShown ? `${name.slice(0, longestShown)}…` : name
  return `The body has the name ${JSON.stringify(shown)} twice in one object.`
}
