import { randomBytes } from 'node:crypto'
import { type IdKind, idPrefixes } from '../contract/ids.js'

export function newId(kind: IdKind): string {
  return idPrefixes[kind] + randomBytes(16).toString('hex')
}
