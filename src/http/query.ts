/** Query strings carry text only; these read numbers from it without guessing. */
import { z } from 'zod'
import { text } from '../contract/text.js'

export function integerParameter(minimum: number, maximum: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(minimum).max(maximum))
}

export const pageParameters = {
  limit: integerParameter(1, 100).optional().describe('items a page, 20 when left out'),
  after: text(100).optional().describe('`lastId` of the page before, or the id of an item in the list'),
}

export const defaultLimit = 20
