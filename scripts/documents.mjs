// Renders the documents for browsers, below the page of the built service: dist/page/documents. Pages have an anchor for
// each heading, as on GitHub, and links between documents lead to the rendered ones; other files are named only.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { Marked } from 'marked'

const root = join(import.meta.dirname, '..')
const target = join(root, 'dist/page/documents')
const documents = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
]
const images = /^images\//

const style = `body { font: 16px/1.6 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
:root { color-scheme: light dark; }
pre { overflow-x: auto; padding: 1rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
code { font-family: ui-monospace, monospace; font-size: 0.9em; }
table { display: block; overflow-x: auto; border-collapse: collapse; }
th, td { padding: 0.2rem 0.8rem 0.2rem 0; text-align: left; vertical-align: top; }
img { max-width: 100%; }
`

/** As GitHub makes it. */
const toAnchor = (title) =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** Where a link of that document leads among the rendered ones; null for a file that is not rendered. */
function destination(name, link) {
  if (/^https?:|^#/.test(link)) return link
  const [path, anchor] = link.split('#')
  const file = posix.join(posix.dirname(name), path)
  const rendered = documents.includes(file) ? file : posix.join(file, 'README.md')
  if (!images.test(file) && !documents.includes(rendered)) return null
  const page = images.test(file) ? file : rendered.replace(/\.md$/, '.html')
  return `${posix.relative(posix.dirname(name), page)}${anchor === undefined ? '' : `#${anchor}`}`
}

function render(name) {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${toAnchor(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens)
        const place = destination(name, href)
        return place === null ? text : `<a href="${place}">${text}</a>`
      },
      image({ href, text }) {
        return `<img src="${destination(name, href)}" alt="${text}">`
      },
    },
  })
  const markdown = readFileSync(join(root, name), 'utf8')
  const [, title] = /^# (.*)$/m.exec(markdown) ?? []
  const sheet = posix.relative(posix.dirname(name), 'documents.css')
  const home = posix.relative(posix.dirname(name), 'README.html')
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} · Descent</title><link rel="stylesheet" href="${sheet}"></head><body>
<nav><a href="${home}">Documents</a> · <a href="/docs">API</a> · <a href="/">Page</a></nav>
<main>${marked.parse(markdown)}</main></body></html>
`
}

rmSync(target, { recursive: true, force: true })
for (const name of documents) {
  const file = join(target, name.replace(/\.md$/, '.html'))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, render(name))
}
writeFileSync(join(target, 'documents.css'), style)
cpSync(join(root, 'images'), join(target, 'images'), { recursive: true })
