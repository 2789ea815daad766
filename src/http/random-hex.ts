/** Random hexadecimal digits for ids, drawn for many requests at once: a draw costs more than what it draws. */
import { randomBytes } from 'node:crypto'

const bytesDrawn = 4_096

let drawn = ''
let used = 0

export function randomHex(digits: number): string {
  if (used + digits > drawn.length) {
    drawn = randomBytes(bytesDrawn).toString('hex')
    used = 0
  }
  used += digits
  return drawn.slice(used - digits, used)
}
