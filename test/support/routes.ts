/** The routes of an application, as it draws them itself. */

/** `GET /jobs/:id`, …: all but those for HEAD, and for the preflights of browsers. */
export function* routesOf(drawing: string): Generator<string> {
  const stack: string[] = []
  for (const line of drawing.split('\n')) {
    const found = /^([│ ]*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?/.exec(line)
    if (found === null) continue
    const [, indent, part, verbs] = found
    stack.length = indent.length / 4
    stack.push(part)
    for (const verb of verbs?.split(', ') ?? [])
      if (verb !== 'HEAD' && verb !== 'OPTIONS') yield `${verb} ${stack.join('')}`
  }
}
