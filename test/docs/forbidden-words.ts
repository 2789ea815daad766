/** Words that we avoid, because readers stop at them, and the phrases in which they have their common sense. */

interface ForbiddenWord {
  pattern: RegExp
  allowed?: RegExp
}

const forbidden: readonly ForbiddenWord[] = [
  {
    pattern: /\bbehind\b/i,
    allowed:
      /\bbehind (a|the) ([\w-]+ )?(load balancer|proxy)\b|\b(left|leaves?)( an?| no)?( \w+)? behind\b/gi,
  },
  { pattern: /\bas may be\b/i },
  { pattern: /\basked for\b/i },
  { pattern: /\bturned\b/i, allowed: /\bturned (on|off|into)\b/gi },
  { pattern: /\bwhoever\b/i },
  { pattern: /\ball the same\b/i },
  { pattern: /\bbeforehand\b/i },
  { pattern: /\bat the very\b/i },
  { pattern: /\bof (its|their|our|his|her|your) own\b/i },
  { pattern: /\bbe it\b/i },
  { pattern: /\b(lies|lie)\b/i },
  { pattern: /\b(tells?|told|telling)\b/i, allowed: /\btells? [\w ]+ (apart|from)\b/gi },
  { pattern: /\b(looks?|looked|looking)\b(?!( \w+)? up\b| as if\b)/i, allowed: /\bfirst look\b|-look-up-/gi },
  { pattern: /\bmade[ -]up\b/i },
  { pattern: /\bbeginnings?\b/i },
  { pattern: /\bmend(s|ed|ing)?\b/i },
]

/** "word: line" of every forbidden word. A line that continues a list item belongs to it. */
export function findForbidden(text: string): string[] {
  return text
    .replaceAll('\n  ', ' ')
    .split('\n')
    .flatMap((line) =>
      forbidden.flatMap(({ pattern, allowed }) => {
        const [word] = pattern.exec(allowed === undefined ? line : line.replaceAll(allowed, '')) ?? []
        return word === undefined ? [] : [`${word}: ${line}`]
      }),
    )
}
